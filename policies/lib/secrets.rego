# METADATA
# title: secrets
# description: |
#   Well-known credentials in strings. A look for the fixed texts that they start with comes first, so that strings
#   without any cost next to nothing; all matching is linear in the length of the strings.
package gate.secrets

# METADATA
# description: The names of the kinds of secrets in any string of a value, names of members included.
found(value) := {name |
	text := concat("\n", texts(value))
	marked(text)
	some name, pattern in patterns
	regex.match(pattern, text)
}

texts(value) := {text | walk(value, [_, text]); is_string(text)} | {name |
	walk(value, [path, _])
	some name in path
	is_string(name)
}

# Looking for one after the other is the faster way in short text, and one expression for all of them in long text.
marked(text) if {
	count(text) <= 2000
	some marker in ["sk-", "AKIA", "ASIA", "gh", "glpat-", "eyJ", "npm_", "PRIVATE KEY-----", "xox"]
	contains(text, marker)
}

marked(text) if {
	count(text) > 2000
	regex.match(`sk-|AKIA|ASIA|gh[opsur]_|github_pat_|glpat-|eyJ|npm_|PRIVATE KEY-----|xox[abeprs]-`, text)
}

# None of them spans lines, and each begins with one of the fixed texts above.
patterns := {
	"secret.anthropic_key": `sk-ant-[A-Za-z0-9_-]{20}`,
	"secret.aws_key": `(^|[^A-Z0-9])(AKIA|ASIA)[A-Z0-9]{16}($|[^A-Z0-9])`,
	"secret.github_token": `(gh[opsur]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22})`,
	"secret.gitlab_token": `glpat-[A-Za-z0-9_-]{20}`,
	"secret.jwt": `eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8}`,
	"secret.npm_token": `npm_[A-Za-z0-9]{36}`,
	"secret.openai_key": `(^|[^A-Za-z0-9])sk-(proj-|svcacct-)?[A-Za-z0-9_]{20}`,
	"secret.private_key": `-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----`,
	"secret.slack_token": `xox[abeprs]-[A-Za-z0-9-]{10}`,
}
