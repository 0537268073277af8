#!/bin/sh
# Makes the files of this folder that an earlier version wrote, with its command: commit 0da6945,
# Swift 6.3.1, OpenBLAS 0.3.21. Run in this folder: sh make_earlier_version.sh PATH_OF_MARU
set -e
maru=$1
awk 'BEGIN { print "a,b,c,d,label"; for (i = 0; i < 80; i++) {
  a = (7 * i) % 17 - 8; b = (i * i) % 13 - 6; c = (3 * i) % 11 - 5; d = (5 * i + i * i) % 19 - 9
  print a / 8 "," b / 8 "," c / 8 "," d / 8 "," (a + b > c ? (d > 0 ? 0 : 1) : 2) } }' > earlier.csv
settings="--dataset earlier.csv --layers 6:leaky-relu,dropout:0.25,5:gelu,3:softmax --optimizer adam"
settings="$settings --batch-size 16 --seed 3 --threads 1 --l2 0.001 --validation-split 0.25"
rm -rf whole begun
$maru train $settings --epochs 40 --output whole --progress none
# Interrupted as soon as there is a checkpoint; made again where that is later than in epoch 40.
$maru train $settings --epochs 200000 --checkpoint-every 2 --output begun --progress none &
while [ ! -e begun/checkpoint.maru ]; do :; done
kill -KILL $!; wait $! || true
