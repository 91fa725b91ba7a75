package main

import (
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// readsSection is the custom section of a compiled policy that says what the policy can see of its input.
const readsSection = "gate.reads"

var clock = ast.MustParseRef("time.now_ns")

// reads collects the parts of the input that a policy refers to: each is the longest constant prefix of a reference, so
// everything below it counts. The empty one is the input as a whole.
type reads struct {
	compiler *ast.Compiler
	paths    [][]string
	followed map[alias]bool
}

// alias is a variable that stands for the input in a module. That it does so in every rule which has a variable of this
// name need not be true: what those read is then read, too.
type alias struct {
	module *ast.Module
	name   ast.Var
	// A function is given the input by this name: its head, which binds it, reads nothing.
	isParameter bool
}

// root is what stands for the input in a walk, and what it was set equal to so that it does: that reads nothing, either.
type root struct {
	name        ast.Value
	from        ast.Value
	isParameter bool
}

// readsOf looks into every rule but those of tests, reached or not. Two inputs that are equal in all these parts are
// decided alike: nothing else of an input can be reached, and no builtin is left that gives different answers but the
// clock, which is the input's own.
func readsOf(compiler *ast.Compiler) [][]string {
	found := &reads{compiler: compiler, followed: map[alias]bool{}}
	for name, module := range compiler.Modules {
		if !strings.HasSuffix(name, testSuffix) {
			found.walk(module, root{name: ast.InputRootDocument.Value})
		}
	}
	return outermost(found.paths)
}

func (r *reads) add(path ...string) {
	r.paths = append(r.paths, append([]string{}, path...))
}

// walk adds what the rules of a module read of the input by one name. Whatever it does not understand reads all of it.
func (r *reads) walk(module *ast.Module, root root) {
	var visitor *ast.GenericVisitor
	visitor = ast.NewGenericVisitor(func(x any) bool {
		switch node := x.(type) {
		case *ast.Head:
			isBound := !root.isParameter
			for _, arg := range node.Args {
				// Two arguments of one name are compared.
				if isBound || !isWhole(arg, root.name) {
					visitor.Walk(arg)
				} else {
					isBound = true
				}
			}
			for _, term := range slices.Concat([]*ast.Term{node.Key, node.Value}, node.Reference) {
				if term != nil {
					visitor.Walk(term)
				}
			}
			return true
		case *ast.Expr:
			if !node.IsCall() {
				return false
			}
			r.call(module, node, root, visitor)
			return true
		case *ast.With:
			r.with(node)
		case ast.Ref:
			if node.Equal(clock) {
				r.add("context", "time_ns")
			}
			if node[0].Value.Compare(root.name) == 0 {
				r.add(constantPrefix(node[1:])...)
			} else {
				visitor.Walk(node[0])
			}
			for _, term := range node[1:] {
				visitor.Walk(term)
			}
			return true
		case ast.Var:
			if node.Compare(root.name) == 0 {
				r.add()
			}
		}
		return false
	})
	for _, rule := range module.Rules {
		visitor.Walk(rule)
	}
}

func (r *reads) call(module *ast.Module, expr *ast.Expr, root root, visitor *ast.GenericVisitor) {
	visitor.Walk(expr.OperatorTerm())
	for _, with := range expr.With {
		visitor.Walk(with)
	}
	if r.names(module, expr, root) {
		return
	}
	for at, operand := range expr.Operands() {
		if !isWhole(operand, root.name) || !r.follow(expr.Operator(), at) {
			visitor.Walk(operand)
		}
	}
}

// names tells whether an expression only gives the input another name, which is followed.
func (r *reads) names(module *ast.Module, expr *ast.Expr, root root) bool {
	if !expr.IsEquality() && !expr.IsAssignment() {
		return false
	}
	name := expr.Operand(0)
	if isWhole(name, root.name) {
		name = expr.Operand(1)
	} else if !isWhole(expr.Operand(1), root.name) {
		return false
	}
	if root.from != nil && isWhole(name, root.from) {
		return true
	}
	other, ok := name.Value.(ast.Var)
	if ok {
		r.also(alias{module, other, false}, root.name)
	}
	return ok
}

func (r *reads) also(found alias, from ast.Value) {
	if !r.followed[found] {
		r.followed[found] = true
		r.walk(found.module, root{found.name, from, found.isParameter})
	}
}

func isWhole(term *ast.Term, name ast.Value) bool {
	if ref, ok := term.Value.(ast.Ref); ok {
		return len(ref) == 1 && ref[0].Value.Compare(name) == 0
	}
	return term.Value.Compare(name) == 0
}

// with: what stands in for a function is given its arguments, and is not followed. A part of the input is replaced in
// a copy of what holds it, and the steps of that are as many as it has members.
func (r *reads) with(with *ast.With) {
	target, ok := with.Target.Value.(ast.Ref)
	if !ok || r.isFunction(target) {
		r.add()
	} else if target.HasPrefix(ast.InputRootRef) && len(target) > 2 {
		r.add(constantPrefix(target[1 : len(target)-1])...)
	}
}

func (r *reads) isFunction(ref ast.Ref) bool {
	return slices.ContainsFunc(r.compiler.GetRulesExact(ref), func(rule *ast.Rule) bool {
		return len(rule.Head.Args) > 0
	})
}

// follow looks into a function of the policy that is given the input as its argument `at`; false when it cannot.
func (r *reads) follow(function ast.Ref, at int) bool {
	rules := r.compiler.GetRulesExact(function)
	for _, first := range rules {
		for rule := first; rule != nil; rule = rule.Else {
			if at >= len(rule.Head.Args) {
				return false
			}
			name, ok := rule.Head.Args[at].Value.(ast.Var)
			if !ok {
				return false
			}
			r.also(alias{first.Module, name, true}, nil)
		}
	}
	return len(rules) > 0
}

func constantPrefix(terms []*ast.Term) []string {
	path := []string{}
	for _, term := range terms {
		name, ok := term.Value.(ast.String)
		if !ok {
			break
		}
		path = append(path, string(name))
	}
	return path
}

// outermost drops what another path has in it, and orders the rest, so that equal sources give equal bytes.
func outermost(paths [][]string) [][]string {
	slices.SortFunc(paths, slices.Compare)
	kept := [][]string{}
	for _, path := range paths {
		last := len(kept) - 1
		if last < 0 || len(kept[last]) > len(path) || !slices.Equal(kept[last], path[:len(kept[last])]) {
			kept = append(kept, path)
		}
	}
	return kept
}

// withReads adds the section at the end of a module, where it changes nothing that runs.
func withReads(wasm []byte, paths [][]string) ([]byte, error) {
	text, err := json.Marshal(paths)
	if err != nil {
		return nil, err
	}
	body := binary.AppendUvarint(nil, uint64(len(readsSection)))
	body = append(append(body, readsSection...), text...)
	section := binary.AppendUvarint([]byte{0}, uint64(len(body)))
	return slices.Concat(wasm, section, body), nil
}
