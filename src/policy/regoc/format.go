package main

import (
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"
)

func reformat(req *request) (answer, error) {
	out := answer{Formatted: map[string]string{}}
	for _, path := range req.paths() {
		text, err := format.SourceWithOpts(path, []byte(req.Modules[path]), format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			return answer{}, err
		}
		out.Formatted[path] = string(text)
	}
	return out, nil
}
