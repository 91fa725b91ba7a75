import type { PolicySources } from '../../src/policy/compiler.ts';

/** A policy that does what its input names: answers of the wrong kind, conflicts, loops, builtins that throw or take long. */
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

# Keeps nothing but the set that it runs through.
decision := "found" if {
	input.case == "still"
	range := {each | some each in numbers.range(1, 400)}
	some a in range
	some b in range
	some c in range
	c == input.none
}

decision := "found" if {
	input.case == "tree"
	branch_24(input.none)
}

decision := strings.any_prefix_match(input.texts, input.prefixes) if input.case == "slow"

branch_0(x) if x == true
${tree(24)}
decision := count(concat(",", all)) if {
	input.case == "big"
	all := [text | some _ in numbers.range(1, 400000); text := concat("", ["xxxxxxxxxxxxxxxxxxxxxxxx", input.secret])]
}
`,
  },
  data: {},
};

/** Functions that each try the next one twice, in vain. */
function tree(depth: number): string {
  return Array.from({ length: depth }, (_, at) => {
    const head = `branch_${at + 1}(x) if`;
    return `\n${head} branch_${at}(x)\n\n${head} {\n\tbranch_${at}(x)\n\tinput\n}\n`;
  }).join('');
}
