#!/bin/sh
# Runs the browser test with the npm packages of OPSROOM_E2E_NPM (build/e2e-npm/node_modules), which lie
# outside of the checkout: ES modules look for packages beside their own file only.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
modules=${OPSROOM_E2E_NPM:-$here/node_modules}
if [ ! -d "$modules/playwright-core" ]; then
  echo "playwright-core is not in $modules: run ./dev setup" >&2
  exit 1
fi
if ! command -v "${CHROMIUM:-chromium}" >/dev/null; then
  echo "chromium is not installed: run ./dev setup" >&2
  exit 1
fi
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp -r "$here/package.json" "$here/runboard.spec.mjs" "$here/support" "$stage/"
ln -s "$modules" "$stage/node_modules"
OPSROOM_FIXTURES=$here/../fixtures/mcp
export OPSROOM_FIXTURES
cd "$stage"
node --test runboard.spec.mjs
