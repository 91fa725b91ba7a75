#!/bin/sh
# Builds regoc.wasm.br, regoc.sha256, NOTICE and ../capabilities.json. Equal sources give equal bytes, wherever
# the folder lies. `build.sh --check` writes nothing and fails if the committed compiler is not made of these sources.
set -eu
cd "$(dirname "$0")"

# whatever changes the bytes is fixed here and not taken from the environment
export GOTOOLCHAIN=go1.26.8 GOFLAGS= GOEXPERIMENT= GOWASM= GOWORK=off CGO_ENABLED=0
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -ldflags='-s -w -buildid=' -o "$out/regoc.wasm" .
echo '{"op":"capabilities"}' | go run . >"$out/capabilities"
GOOS=wasip1 GOARCH=wasm go list -deps \
  -f '{{with .Module}}{{if .Version}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' . | sort -u >"$out/modules"
go env GOROOT >"$out/goroot"

node pack.mjs "$out" "${1:-}"
