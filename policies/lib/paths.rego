# METADATA
# title: paths
# description: |
#   Whether a path lies inside the workspace. `inside` reads the text alone; what a symbolic link really leads to is in
#   resource.properties.paths, which the gate fills from the file system, and `argument_inside` looks at both.
package gate.paths

# METADATA
# description: |
#   True when the path, taken as text, names the workspace or something below it. A relative path starts at the
#   workspace. What cannot be read in one way only is not inside: `~`, NUL, schemes, the other system's separators.
inside(path, workspace) if {
	startswith(workspace, "/")
	readable(path)
	not contains(path, `\`)
	below(names(from_posix(path, workspace)), names(workspace))
}

inside(path, workspace) if {
	base := from_windows(workspace, "")
	readable(path)
	target := from_windows(path, base)
	every step in steps(target) { plain_on_windows(step) }
	below(names(target), names(base))
}

# METADATA
# description: |
#   True when the argument (a string, or an array of strings) leads into the workspace: as text, and as the gate
#   resolved it. An argument that the gate did not resolve is not inside.
argument_inside(document, name) if {
	is_string(document.resource.properties.arguments[name])
	resolved_inside(document, concat("/", ["", name]))
}

argument_inside(document, name) if {
	values := document.resource.properties.arguments[name]
	is_array(values)
	count(values) > 0
	every index, _ in values {
		resolved_inside(document, concat("/", ["", name, format_int(index, 10)]))
	}
}

# METADATA
# description: True when any argument that the gate resolved leads out of the workspace.
escapes(document) if {
	some entry in document.resource.properties.paths
	not inside(entry.resolved, document.context.workspace)
}

# METADATA
# description: |
#   True when any argument names a folder that the gate itself lives somewhere below: who moves it takes over the gate.
holds_gate(document) if {
	some entry in document.resource.properties.paths
	entry.holds_gate
}

# METADATA
# description: |
#   True when any string may be a path that the gate does not resolve, because it has several lines or is very long, and
#   leads from the root or upwards.
unresolved(document) if {
	walk(document.resource.properties.arguments, [_, text])
	is_string(text)
	beyond(text)
	regex.match(`(^|[=,])[\s"'\x60@]*[/\\~]|(^|[^.\w])\.\.[\\/]|[\\/]\.\.\s*$|%2[ef]`, lower(text))
}

beyond(text) if regex.match(`[\n\r\x00]`, text)

beyond(text) if count(text) > 4096

resolved_inside(document, pointer) if {
	entries := [entry | some entry in document.resource.properties.paths; entry.pointer == pointer]
	count(entries) > 0
	every entry in entries {
		inside(entry.resolved, document.context.workspace)
		unambiguous(entry.given, document.context.workspace)
	}
}

# A server may apply `..` to the text or after following links: the text must stay inside, too. Without any `..` both
# are the same, so a path through a link into the workspace is fine.
unambiguous(given, workspace) if inside(given, workspace)

unambiguous(given, _) if {
	startswith(given, "/")
	not contains(given, `\`)
	not ".." in split(given, "/")
}

readable(path) if {
	is_string(path)
	path != ""
	count(path) <= 4096
	not startswith(path, "~")
	not contains(path, "\u0000")
}

from_posix(path, _) := path if startswith(path, "/")

from_posix(path, base) := concat("/", [base, path]) if {
	not startswith(path, "/")
	not contains(split(path, "/")[0], ":")
}

# Drive letters and server shares; the drive letter alone is compared without case.
from_windows(path, _) := concat("", [lower(substring(path, 0, 1)), slashed(substring(path, 1, -1))]) if {
	regex.match(`^[A-Za-z]:[\\/]`, path)
	not contains(substring(path, 2, -1), ":")
}

from_windows(path, _) := slashed(path) if {
	startswith(path, `\\`)
	not contains(path, ":")
}

from_windows(path, base) := concat("/", [base, slashed(path)]) if {
	base != ""
	not startswith(path, `\`)
	not startswith(path, "/")
	not contains(path, ":")
}

slashed(text) := replace(text, `\`, "/")

# Windows drops dots and spaces at the end of a name, so `.. ` would become `..`.
plain_on_windows("..")

plain_on_windows(step) if {
	not endswith(step, ".")
	not endswith(step, " ")
}

below(target, base) if array.slice(target, 0, count(base)) == base

# The names that are left when `.`, `..` and empty ones are applied. Going up from the root stays there.
names(text) := parts if {
	parts := steps(text)
	not ".." in parts
}

names(text) := [name |
	some index, name in parts
	name != ".."
	not undone(levels, index)
] if {
	parts := steps(text)
	".." in parts
	count(parts) <= 128
	levels := [level | some index, _ in parts; level := depth(parts, index)]
}

steps(text) := [step | some step in split(text, "/"); not step in {"", "."}]

# How deep the walk is after this step; a name is undone when a later step is less deep than the name itself.
depth(parts, index) := (index + 1) - (2 * count([step |
	some step in array.slice(parts, 0, index + 1)
	step == ".."
]))

undone(levels, index) if {
	some later, level in levels
	later > index
	level < levels[index]
}
