package gate.paths_test

import data.gate.fixture_test as fixture
import data.gate.paths

test_inside if {
	every path in [
		"/ws", "/ws/", "/ws/a", "//ws//a", "/ws/./a", "/ws/a/../b", "/ws/../ws/a", "/../ws/a", "a", "./a", ".", "a/../b",
		"a/b/../../c", "/ws/ünïcode/文", "..a", "a..", "...", "/ws/a/b/c/../../..", "/other/../ws", "/ws/a:b", "a/b:c",
	] {
		paths.inside(path, "/ws")
	}
}

test_not_inside if {
	every path in [
		"/ws/../etc", "/ws-evil", "/ws-evil/a", "/", "/etc/passwd", "..", "../ws-evil", "../..", "a/../..", "a/../../b",
		"/ws/a/../../etc/passwd", "~", "~/a", "~root/a", "", "a\u0000b", "/ws/\u0000", `..\etc`, `/ws\..\etc`, `/ws\a`,
		"/WS/a", "C:/ws/a", `C:\ws\a`, "file:///ws/a", "file:a", "/wsa/../ws-b", "/ws/..", "/ws/../../ws-x", null, 1, [], {},
	] {
		not paths.inside(path, "/ws")
	}
}

test_windows if {
	every path in [
		`C:\work`, `c:\work\a`, "C:/work/a", `C:\work\.\a`, `C:\work\a\..\b`, `a\b`, "a/b", `.\a`, `c:/work\a`,
	] {
		paths.inside(path, `C:\work`)
	}
	every path in [
		`C:\work-evil`, `C:\work\..\etc`, `D:\work\a`, `C:work`, `\work\a`, "/work/a", `..\a`, `a\..\..\b`, `C:\work\.. \..`,
		`C:\work\a.`, `C:\work\a:stream`, `\\server\work`, `\\?\C:\work\a`, `\\C:\work\a`, "~", "", "a\u0000",
	] {
		not paths.inside(path, `C:\work`)
	}
	paths.inside(`\\host\share\a`, `\\host\share`)
	not paths.inside(`\\host\other\a`, `\\host\share`)
	not paths.inside(`C:\share\a`, `\\host\share`)
}

test_no_workspace if {
	every workspace in [null, "", "ws", ".", "~", 1] {
		not paths.inside("/ws/a", workspace)
		not paths.inside("a", workspace)
	}
}

test_very_long_paths_are_outside if {
	not paths.inside(concat("/", [x | some _ in numbers.range(1, 3000); x := "a"]), "/ws")
	deep := concat("/", array.concat([x | some _ in numbers.range(1, 200); x := "a"], [".."]))
	not paths.inside(deep, "/ws")
}

test_links_are_followed if {
	entry := {"pointer": "/path", "given": "/ws/link", "resolved": "/etc/passwd"}
	linked := object.union(fixture.call("read_file", {"path": "/ws/link"}), {"resource": {"properties": {"paths": [entry]}}})
	paths.escapes(linked)
	not paths.argument_inside(linked, "path")
}

test_link_into_the_workspace if {
	inside := {"pointer": "/path", "given": "/private/ws/a", "resolved": "/ws/a"}
	through := object.union(fixture.call("read_file", {"path": "/private/ws/a"}), {"resource": {"properties": {"paths": [inside]}}})
	paths.argument_inside(through, "path")
	climbing := {"pointer": "/path", "given": "/etc/link/../passwd", "resolved": "/ws/passwd"}
	odd := object.union(
		fixture.call("read_file", {"path": "/etc/link/../passwd"}),
		{"resource": {"properties": {"paths": [climbing]}}},
	)
	not paths.argument_inside(odd, "path")
}

test_arguments if {
	paths.argument_inside(fixture.call("x", {"path": "a"}), "path")
	paths.argument_inside(fixture.call("x", {"paths": ["a", "/ws/b"]}), "paths")
	not paths.argument_inside(fixture.call("x", {"paths": ["a", "/etc/b"]}), "paths")
	not paths.argument_inside(fixture.call("x", {"paths": []}), "paths")
	not paths.argument_inside(fixture.call("x", {}), "path")
	not paths.argument_inside(fixture.call("x", {"path": 1}), "path")
	not paths.argument_inside(fixture.call("x", {"path": {"length": 100000}}), "path")
	unresolved := object.union(fixture.call("x", {"path": "a"}), {"resource": {"properties": {"paths": []}}})
	not paths.argument_inside(unresolved, "path")
}

test_holds_gate if {
	above := {"pointer": "/a", "given": "/ws", "resolved": "/ws", "holds_gate": true}
	document := object.union(fixture.call("x", {"a": "/ws"}), {"resource": {"properties": {"paths": [above]}}})
	paths.holds_gate(document)
	not paths.holds_gate(fixture.call("x", {"a": "/ws"}))
}

test_unresolved if {
	long := concat("", [x | some _ in numbers.range(1, 2100); x := "./"])
	every text in [
		"/etc/pass\nwd", "a\n/../../x", "a\n..\\b", "x\n\"../x", "a\n/..", "~/a\n", " \n @/x", "a=/x\n", "a,/x\n", "/x\u0000",
		"a\n%2e%2E/x", concat("", [long, "../x"]), concat("", ["/", long]),
	] {
		paths.unresolved(fixture.call("x", {"a": [text]}))
	}
	every text in ["/etc/passwd", "../x", "a\nb", "Well...\nand/or", "see https://example.org/\n", "1..2\n", long] {
		not paths.unresolved(fixture.call("x", {"a": [text]}))
	}
}
