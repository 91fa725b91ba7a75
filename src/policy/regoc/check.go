package main

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

const errorLimit = 100

func check(req *request) (answer, error) {
	_, warnings, err := checked(req)
	return answer{Warnings: warnings}, err
}

// checked compiles strictly, with the schema of the input when there is one, and applies the gate's own lints.
// Lints on names come first: a shadowed builtin makes OPA report follow-up faults that explain nothing.
func checked(req *request) (*ast.Compiler, []fault, error) {
	caps, err := req.capabilities()
	if err != nil {
		return nil, nil, err
	}
	modules, err := req.parse(caps)
	if err != nil {
		return nil, nil, err
	}
	if faults := lintNames(modules); len(faults) > 0 {
		return nil, nil, faults
	}
	compiler := newCompiler(caps).WithStrict(true).WithPathConflictsCheck(req.hasData)
	if req.Schema != nil {
		schemas := ast.NewSchemaSet()
		schemas.Put(ast.SchemaRootRef, req.Schema)
		compiler = compiler.WithSchemas(schemas).WithUseTypeCheckAnnotations(true)
	}
	if compiler.Compile(modules); compiler.Failed() {
		return nil, nil, compiler.Errors
	}
	faults, warnings := lintCalls(compiler)
	if len(faults) > 0 {
		return nil, nil, faults
	}
	return compiler, tidy(warnings), nil
}

// hasData tells whether data.json has a value where a rule would hide it.
func (req *request) hasData(path []string) (bool, error) {
	var at any = req.Data
	for _, key := range path {
		object, ok := at.(map[string]any)
		if !ok {
			return false, nil
		}
		if at, ok = object[key]; !ok {
			return false, nil
		}
	}
	return true, nil
}

func newCompiler(caps *ast.Capabilities) *ast.Compiler {
	return ast.NewCompiler().
		WithCapabilities(caps).
		WithDefaultRegoVersion(ast.RegoV1).
		SetErrorLimit(errorLimit)
}

func lintError(at *ast.Location, message string, args ...any) *ast.Error {
	return ast.NewError("gate_lint_error", at, message, args...)
}
