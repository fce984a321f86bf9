// The page *Desk* in both languages: the same keys, the same {names}.

export const en = {
  "desk.skip": "Skip to the product",
  "desk.help": "Hold a product before the camera",
  "desk.help_text": "Its price and what else the catalogue knows of it come by its barcode.",
};

export const zh = {
  "desk.skip": "跳到商品",
  "desk.help": "把商品拿到摄像头前",
  "desk.help_text": "通过条码显示它的价格和商品目录中的其他信息。",
};
