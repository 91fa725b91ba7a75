package main

import (
	"fmt"
	"regexp"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/types"
)

var verb = regexp.MustCompile(`%(?:%|[-+# 0]*\d*(?:\.\d+)?([a-zA-Z]))`)

// The gate's sprintf is JavaScript's: these are the verbs which it shares with Go's.
const sharedVerbs = "bcdefgostxXv"

// warnCall: sprintf runs outside wasm and differs from OPA's there.
func warnCall(known *constants, expr *ast.Expr) []fault {
	if expr.Operator().String() == "sprintf" {
		return warnSprintf(known, expr)
	}
	return nil
}

func warnSprintf(known *constants, expr *ast.Expr) []fault {
	formats := known.strings(expr.Operand(0))
	if len(formats) == 0 {
		return []fault{warning(expr, "sprintf with a format that is not constant; prefer $\"…\" or concat")}
	}
	var found []fault
	for _, format := range formats {
		for at, letter := range verbs(string(format.Value.(ast.String))) {
			if message := known.badVerb(letter, expr.Operand(1), at); message != "" {
				found = append(found, warning(expr, "sprintf %s; prefer $\"…\" or concat", message))
			}
		}
	}
	return found
}

// verbs are the letters of the verbs that take a value, in order.
func verbs(format string) []string {
	var letters []string
	for _, match := range verb.FindAllStringSubmatch(format, -1) {
		if match[1] != "" {
			letters = append(letters, match[1])
		}
	}
	return letters
}

func (c *constants) badVerb(letter string, values *ast.Term, at int) string {
	if !regexp.MustCompile("^[" + sharedVerbs + "]$").MatchString(letter) {
		return fmt.Sprintf("does not know %%%s", letter)
	}
	for _, each := range c.values(values) {
		array, ok := each.Value.(*ast.Array)
		if !ok || at >= array.Len() {
			continue
		}
		if c.isComposite(array.Elem(at)) {
			return fmt.Sprintf("prints a collection under %%%s differently from OPA", letter)
		}
	}
	return ""
}

func (c *constants) isComposite(term *ast.Term) bool {
	for _, value := range append(c.values(term), term) {
		switch value.Value.(type) {
		case *ast.Array, ast.Object, ast.Set, *ast.ArrayComprehension, *ast.ObjectComprehension, *ast.SetComprehension:
			return true
		}
	}
	for _, ref := range c.refs(term, resolveDepth) {
		switch c.compiler.TypeEnv.GetByRef(ref).(type) {
		case *types.Array, *types.Object, *types.Set:
			return true
		}
	}
	return false
}

// refs are the references behind a term, whose types the schema of the input tells.
func (c *constants) refs(term *ast.Term, depth int) []ast.Ref {
	if depth == 0 {
		return nil
	}
	switch value := term.Value.(type) {
	case ast.Ref:
		return []ast.Ref{value}
	case ast.Var:
		var found []ast.Ref
		for _, each := range c.bound[value] {
			found = append(found, c.refs(each, depth-1)...)
		}
		return found
	}
	return nil
}

func warning(expr *ast.Expr, message string, args ...any) fault {
	return fault{Code: "gate_lint_warning", Message: fmt.Sprintf(message, args...), Location: expr.Location}
}
