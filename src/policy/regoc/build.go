package main

import (
	"context"
	"errors"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
)

const testSuffix = "_test.rego"

// build checks everything and compiles what is not a test. Only the named entrypoints are exported; what the policy reads
// of its input stands in a section of its own.
func build(req *request) (answer, error) {
	policy, warnings, err := checked(req)
	if err != nil {
		return answer{}, err
	}
	caps, err := req.capabilities()
	if err != nil {
		return answer{}, err
	}
	sources, err := bundleOf(req, caps)
	if err != nil {
		return answer{}, err
	}
	compiler := compile.New().
		WithBundle(sources).
		WithTarget(compile.TargetWasm).
		WithEntrypoints(req.Entrypoints...).
		WithPruneUnused(true).
		WithCapabilities(caps).
		WithRegoVersion(ast.RegoV1)
	if err := compiler.Build(context.Background()); err != nil {
		return answer{}, err
	}
	modules := compiler.Bundle().WasmModules
	if len(modules) != 1 {
		return answer{}, errors.New("compiler produced no wasm module")
	}
	wasm, err := withReads(modules[0].Raw, readsOf(policy))
	return answer{Wasm: wasm, Warnings: warnings}, err
}

func bundleOf(req *request, caps *ast.Capabilities) (*bundle.Bundle, error) {
	modules, err := req.parse(caps)
	if err != nil {
		return nil, err
	}
	sources := &bundle.Bundle{Data: req.Data}
	sources.Manifest.Init()
	sources.SetRegoVersion(ast.RegoV1)
	for _, path := range req.paths() {
		if module := modules[path]; module != nil && !strings.HasSuffix(path, testSuffix) {
			sources.Modules = append(sources.Modules, bundle.ModuleFile{
				URL: path, Path: path, RelativePath: path, Raw: []byte(req.Modules[path]), Parsed: module,
			})
		}
	}
	return sources, nil
}
