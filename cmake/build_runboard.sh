#!/bin/sh
# build_runboard.sh SOURCE BUILD OUTPUT: the page, built by Vite outside of the checkout.
set -eu
source=$1 build=$2 output=$3
mkdir -p "$build"
# Everything but what an editor or an earlier build has left in the source folder.
(cd "$source" && tar --exclude=./node_modules --exclude=./dist -cf - .) | (cd "$build" && tar -xf -)
cd "$build"
if ! cmp -s package-lock.json node_modules/.installed-lock; then
  npm ci --no-progress --no-audit --no-fund
  cp package-lock.json node_modules/.installed-lock
fi
npm run build
rm -rf "$output.new"
cp -r dist "$output.new"
rm -rf "$output"
mv "$output.new" "$output"
touch "$build/.built"
