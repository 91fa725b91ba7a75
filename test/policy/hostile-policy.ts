import type { PolicySources } from '../../src/policy/compiler.ts';

/** A policy that does what its input names: answers of the wrong kind, conflicts, loops, builtins that throw. */
export const hostilePolicy: PolicySources = {
  modules: {
    'gate.rego': `package gate

visible := input.visible

decision := input.value if input.case == "echo"

decision := data.limit if input.case == "data"

decision := time.now_ns() if input.case == "time"

decision := sprintf("%d", [input.secret]) if input.case == "throws"

decision := 1 if input.case == "conflict"

decision := 2 if input.case == "conflict"

decision := count(found) if {
	input.case == "loop"
	range := numbers.range(1, 400)
	found := {[a, b, c] | some a in range; some b in range; some c in range}
}

decision := count(concat(",", all)) if {
	input.case == "big"
	all := [text | some _ in numbers.range(1, 400000); text := concat("", ["xxxxxxxxxxxxxxxxxxxxxxxx", input.secret])]
}
`,
  },
  data: {},
};
