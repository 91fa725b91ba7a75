package main

import (
	"github.com/open-policy-agent/opa/v1/ast"
)

const resolveDepth = 8

// constants finds the literals that a term of a compiled rule can stand for: written in place, bound to a local
// variable, or held by a rule that is a constant. What depends on input or data.json is not found.
type constants struct {
	compiler *ast.Compiler
	bound    map[ast.Var][]*ast.Term
}

func constantsOf(compiler *ast.Compiler, rule *ast.Rule) *constants {
	found := &constants{compiler: compiler, bound: map[ast.Var][]*ast.Term{}}
	ast.WalkExprs(rule, func(expr *ast.Expr) bool {
		if expr.IsEquality() || expr.IsAssignment() {
			found.bind(expr.Operand(0), expr.Operand(1))
			found.bind(expr.Operand(1), expr.Operand(0))
		}
		return false
	})
	return found
}

func (c *constants) bind(variable, value *ast.Term) {
	if name, ok := variable.Value.(ast.Var); ok {
		c.bound[name] = append(c.bound[name], value)
	}
}

// values are the literals behind a term; a literal stands for itself.
func (c *constants) values(term *ast.Term) []*ast.Term {
	return c.resolve(term, resolveDepth)
}

// strings are those of the values that are strings, with their places.
func (c *constants) strings(term *ast.Term) []*ast.Term {
	var found []*ast.Term
	for _, value := range c.values(term) {
		if _, ok := value.Value.(ast.String); ok {
			found = append(found, value)
		}
	}
	return found
}

func (c *constants) resolve(term *ast.Term, depth int) []*ast.Term {
	if depth == 0 {
		return nil
	}
	switch value := term.Value.(type) {
	case ast.Var:
		var found []*ast.Term
		for _, each := range c.bound[value] {
			found = append(found, c.resolve(each, depth-1)...)
		}
		return found
	case ast.Ref:
		return c.resolveRef(value, depth-1)
	}
	return []*ast.Term{term}
}

// resolveRef follows a reference to a constant rule or a bound collection, and one step into it.
func (c *constants) resolveRef(ref ast.Ref, depth int) []*ast.Term {
	if name, ok := ref[0].Value.(ast.Var); ok && len(c.bound[name]) > 0 {
		return inside(c.resolve(ref[0], depth), ref[1:])
	}
	for end := len(ref); end > 1; end-- {
		if !ref[:end].IsGround() {
			continue
		}
		if rules := c.compiler.GetRulesExact(ref[:end]); len(rules) == 1 && isConstant(rules[0]) {
			return inside([]*ast.Term{rules[0].Head.Value}, ref[end:])
		}
	}
	return nil
}

func isConstant(rule *ast.Rule) bool {
	return rule.Head.Value != nil && rule.Head.Value.IsGround() && len(rule.Head.Args) == 0 && rule.Else == nil &&
		rule.Body.Equal(ast.NewBody(ast.NewExpr(ast.BooleanTerm(true))))
}

// inside takes every element where the path steps into a collection: which of them is read is not known here.
func inside(values []*ast.Term, path ast.Ref) []*ast.Term {
	switch {
	case len(path) == 0:
		return values
	case len(path) > 1:
		return nil
	}
	var found []*ast.Term
	for _, value := range values {
		switch collection := value.Value.(type) {
		case *ast.Array:
			collection.Foreach(func(each *ast.Term) { found = append(found, each) })
		case ast.Set:
			found = append(found, collection.Slice()...)
		case ast.Object:
			collection.Foreach(func(_, each *ast.Term) { found = append(found, each) })
		}
	}
	return found
}
