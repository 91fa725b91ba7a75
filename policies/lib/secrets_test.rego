package gate.secrets_test

import data.gate.secrets

# Put together here, so that no scanner takes this file for a leak.
samples := {
	"secret.anthropic_key": ["sk-ant", "-api03-aaaaaaaaaaaaaaaaaaaaaaaa"],
	"secret.aws_key": ["AKIA", "IOSFODNN7EXAMPLE"],
	"secret.github_token": ["ghp", "_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
	"secret.gitlab_token": ["glpat", "-aaaaaaaaaaaaaaaaaaaa"],
	"secret.jwt": ["eyJhbGciOiJIUzI1NiJ9", ".eyJzdWIiOiIxMjM0In0.aaaaaaaaaaaaaaaa"],
	"secret.npm_token": ["npm", "_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
	"secret.openai_key": ["sk", "-aaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
	"secret.private_key": ["-----BEGIN RSA PRIVATE", " KEY-----"],
	"secret.slack_token": ["xoxb", "-111111111111-aaaaaaaa"],
}

test_every_kind_is_found if {
	every name, parts in samples {
		name in secrets.found({"a": [{"b": concat("", ["text ", concat("", parts), " text"])}]})
	}
}

test_long_texts_are_searched_too if {
	filler := concat(" ", [word | some _ in numbers.range(1, 500); word := "lorem"])
	secrets.found({"a": filler, "b": concat("", samples["secret.npm_token"])}) == {"secret.npm_token"}
	secrets.found({"a": filler}) == set()
}

test_names_of_members_count if {
	secrets.found({concat("", samples["secret.aws_key"]): 1}) == {"secret.aws_key"}
}

test_ordinary_text_is_not_a_secret if {
	every text in [
		"", "AKIA", "task-list of the sk-team", "ghp_short", "npm_config_registry", "eyJhbGciOiJIUzI1NiJ9",
		"BEGIN PUBLIC KEY", "risk-assessment-of-a-very-long-project-name", "-----BEGIN PUBLIC KEY-----",
	] {
		secrets.found({"a": text, "b": 1, "c": null}) == set()
	}
}
