// The page *Wall* in both languages: the same keys, the same {names}.

export const en = {
  "wall.skip": "Skip to the cameras",
  "wall.help": "All cameras at a glance",
  "wall.help_text": "Each tile is a camera. It says how old its picture is.",
};

export const zh = {
  "wall.skip": "跳到摄像头",
  "wall.help": "所有摄像头一览",
  "wall.help_text": "每一格是一个摄像头，并写明画面有多旧。",
};
