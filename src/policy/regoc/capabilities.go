package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/types"
)

// handled by the compiler itself, before any wasm is made
var compileTime = []string{"assign", "eq", "print", "internal.print", "internal.test_case", "rego.metadata.chain", "rego.metadata.rule"}

// supplied by the JavaScript SDK that runs the compiled policy
// left out of it: regex.split, a JavaScript expression that can hang the host, and yaml.*, which is not OPA's YAML
var fromSDK = []string{"sprintf", "json.is_valid"}

// supplied by the gate, in src/policy/builtins.ts
var fromGate = []string{
	"time.now_ns", "time.parse_rfc3339_ns", "time.clock", "time.weekday", "time.date",
	"strings.any_prefix_match", "strings.any_suffix_match", "strings.count",
	"object.subset", "crypto.sha256", "hex.encode", "glob.quote_meta",
}

// capabilities names what a policy may use: the builtins which the wasm target has itself, found by compiling a call of
// each, and those that the host supplies. Nothing else compiles, so a policy cannot reach the network, or chance.
func capabilities() (answer, error) {
	caps := ast.CapabilitiesForThisVersion()
	allowed := slices.Concat(compileTime, fromSDK, fromGate)
	var kept []*ast.Builtin
	for _, builtin := range caps.Builtins {
		keep := slices.Contains(allowed, builtin.Name)
		if !keep && !builtin.IsDeprecated() {
			native, err := isNative(builtin)
			if err != nil {
				return answer{}, err
			}
			keep = native
		}
		if keep {
			kept = append(kept, narrowed(builtin.Minimal()))
		}
	}
	caps.Builtins = kept
	text, err := json.Marshal(caps)
	return answer{Capabilities: text}, err
}

// isNative compiles one call and looks for the builtin's name: before the name of the entrypoint, wasm lists the functions
// that it expects of its host.
func isNative(builtin *ast.Builtin) (bool, error) {
	var args string
	for i := range builtin.Decl.FuncArgs().Args {
		if i > 0 {
			args += ", "
		}
		args += fmt.Sprintf("input.a%d", i)
	}
	text := fmt.Sprintf("package probe\n\nresult := r if {\n\tr := %s(%s)\n}\n", builtin.Name, args)
	if builtin.Decl.Result() == nil || builtin.Relation {
		text = fmt.Sprintf("package probe\n\nresult if {\n\t%s(%s)\n}\n", builtin.Name, args)
	}
	module, err := ast.ParseModuleWithOpts("probe.rego", text, ast.ParserOptions{RegoVersion: ast.RegoV1})
	if err != nil {
		return false, fmt.Errorf("builtin %q: %w", builtin.Name, err)
	}
	sources := &bundle.Bundle{Data: map[string]any{}, Modules: []bundle.ModuleFile{{
		URL: "probe.rego", Path: "probe.rego", Raw: []byte(text), Parsed: module,
	}}}
	sources.Manifest.Init()
	sources.SetRegoVersion(ast.RegoV1)
	compiler := compile.New().WithBundle(sources).WithTarget(compile.TargetWasm).
		WithEntrypoints("probe/result").WithRegoVersion(ast.RegoV1)
	if err := compiler.Build(context.Background()); err != nil {
		return false, fmt.Errorf("builtin %q: %w", builtin.Name, err)
	}
	expected := []byte("\x00" + builtin.Name + "\x00probe/result\x00")
	return !bytes.Contains(compiler.Bundle().WasmModules[0].Raw, expected), nil
}

// narrowed declares object.subset without sets. The SDK hands values over as JSON, where a set looks like an array and
// would be compared in order: a wrong answer. So it is a type error instead.
func narrowed(builtin *ast.Builtin) *ast.Builtin {
	if builtin.Name != "object.subset" {
		return builtin
	}
	copied := *builtin
	operand := types.NewAny(
		types.NewObject(nil, types.NewDynamicProperty(types.S, withoutSets(3))),
		types.NewArray(nil, withoutSets(3)),
	)
	copied.Decl = types.NewFunction(types.Args(operand, operand), types.B)
	return &copied
}

func withoutSets(depth int) types.Type {
	if depth == 0 {
		return types.A
	}
	inner := withoutSets(depth - 1)
	return types.NewAny(types.Nl, types.B, types.N, types.S,
		types.NewObject(nil, types.NewDynamicProperty(types.S, inner)), types.NewArray(nil, inner))
}
