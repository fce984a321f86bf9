#!/usr/bin/env bash
# Everything about the live backend that only a GPU can tell, in one run of at most eight minutes, the most valuable first.
#
#     OUT=figures benchmarks/gpu.sh            # on a machine with a GPU
#     benchmarks/gpu.sh --tiny                 # the same parts on a CPU, kernels interpreted: does it run?
#     benchmarks/gpu.sh [--tiny] kernels engine      # these parts only
#
# Needs torch, torchvision, transformers, numpy, Pillow and Triton; nothing is installed or downloaded. A part that fails, or that
# takes too long, is named and the others go on. Of each part $OUT gets NAME.txt (its table, the last line is JSON), NAME.log and,
# where it writes one step by step, NAME.json. PYTHON names the interpreter, MOST_S another bound in seconds.
set -u
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
most_s=${MOST_S:-475}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${OUT:-$work/out}
mkdir -p "$out" "$work/askcam"
ln -s "$PWD/engine" "$PWD/stream" "$work/askcam/"
export PYTHONPATH=$work PYTHONUNBUFFERED=1 TRITON_CACHE_DIR=$work/triton

device=cuda small=(--shape 2b) hybrid=(--shape qwen3.5-2b) large=(--shape 7b) engine=(--rounding --seconds 9 --budget-s 75) last=(--seconds 9 --budget-s 70)
tests=() part_of=2b scale=1 checks=4
if [[ ${1:-} == --tiny ]]; then
  few=(--device cpu --frames 4 --tokens 3 --repeats 1 --together 2 --growing 1 --cameras 1 --seconds 0.5)
  device=cpu small=(--tiny) hybrid=(--shape qwen3.5-tiny) large=(--tiny) engine=("${few[@]}" --rounding) last=("${few[@]}")
  tests=(-k "silu or sees_nothing") part_of=tiny scale=4 checks=1
  export TRITON_INTERPRET=1
  shift
fi
parts=(kernels engine states-tiny states quantized engine-large drawn)
for name in "$@"; do
  [[ " ${parts[*]} " == *" $name "* ]] || { echo "usage: benchmarks/gpu.sh [--tiny] [${parts[*]}]" >&2; exit 2; }
done
wanted=" ${*:-${parts[*]}} "

failed=0
part() {  # NAME SECONDS COMMAND...: runs it, within its seconds and what is left of all
  local name=$1 seconds=$(($2 * scale)) began=$SECONDS left=$((most_s - SECONDS)) code
  shift 2
  [[ $wanted == *" $name "* ]] || return
  if ((left < 10)); then
    echo "== $name: left out, $SECONDS s were used"
    failed=1
    return
  fi
  timeout -k 5 "$((seconds < left ? seconds : left))" "$@" >"$out/$name.txt" 2>"$out/$name.log"
  code=$?
  ((code == 0)) || failed=1
  echo "== $name: exit code $code, $((SECONDS - began)) s$( ((code == 124)) && echo ", out of time")"
  grep -hE 'WARNING|ERROR|Error:' "$out/$name.log" | sort | uniq -c | head -6 | cut -c1-300
  tail -n 14 "$out/$name.txt" | cut -c1-900
}

bench=("$python" -m askcam.engine.bench)
part kernels 110 "${bench[@]}" kernels "${small[@]}" --device $device --checks $checks --out "$out/kernels.json"
part engine 105 "${bench[@]}" engine "${small[@]}" "${engine[@]}" --out "$out/engine.json"
part states-tiny 40 "${bench[@]}" kernels --shape qwen3.5-tiny --device $device --checks 1 --out "$out/states-tiny.json"
part states 70 "${bench[@]}" kernels "${hybrid[@]}" --device $device --checks $checks --out "$out/states.json"
part quantized 45 "$python" benchmarks/gpu_quantized.py --part-of $part_of --device $device
part engine-large 110 "${bench[@]}" engine "${large[@]}" "${last[@]}" --out "$out/engine-large.json"
KERNELS_ON=$device part drawn 55 "$python" -m pytest -qx --noconftest -p no:cacheprovider -c /dev/null --rootdir . ${tests[@]+"${tests[@]}"} \
  tests/engine/live/kernels_against_torch.py
echo "== all: $SECONDS s"
exit $failed
