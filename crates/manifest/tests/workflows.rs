//! What is known of workflows before they run: needs, waves, absence, effects
//! and bounds.

use std::fmt::Write;

use toolrun_manifest::{Bound, Effect, Loaded, Manifest, Most, ReadInclude, Severity, When};

struct NoIncludes;

impl ReadInclude for NoIncludes {
    fn read(&self, _: &str, _: &str) -> Result<(String, String), String> {
        Err("nothing is included here".to_owned())
    }
}

const TOOLS: &str = r#"toolrun: 1
tools:
  get:
    description: Returns one of the rows of the table by its number.
    params:
      a: { type: string, description: The number of the row }
      b: { type: string, optional: true, description: The name of a column }
    url: https://table.example/rows?a={{ a }}&b={{ b }}
  put:
    description: Writes one of the rows of the table by its number.
    params:
      a: { type: string, optional: true, description: The number of the row }
    method: PUT
    effect: write
    url: https://table.example/rows?a={{ a }}
  drop:
    description: Drops one of the rows of the table by its number.
    params:
      a: { type: string, description: The number of the row }
    method: DELETE
    effect: destructive
    url: https://table.example/rows?a={{ a }}
"#;

fn load(workflows: &str) -> Loaded {
    let text = format!("{TOOLS}workflows:\n{workflows}");
    toolrun_manifest::load("test.yaml", text, &NoIncludes)
}

/// One workflow `w` with these steps, a line each.
fn steps(lines: &[&str]) -> String {
    let mut text = "  w:\n    description: Reads the rows of the table, one after another.\n".to_owned();
    text.push_str("    params:\n      p: { type: string, description: Some text }\n");
    text.push_str("      o: { type: string, optional: true, description: Some more text }\n    steps:\n");
    for line in lines {
        writeln!(text, "      - {{ {line} }}").expect("writing to a text");
    }
    text
}

#[track_caller]
fn good(workflows: &str) -> Manifest {
    let loaded = load(workflows);
    let errors: Vec<&str> = loaded
        .diagnostics
        .iter()
        .map(|found| found.message.as_str())
        .collect();
    loaded.manifest.unwrap_or_else(|| panic!("{errors:#?}"))
}

#[track_caller]
fn waves(lines: &[&str], expected: &[&[usize]]) {
    let manifest = good(&steps(lines));
    assert_eq!(manifest.workflows[0].waves, expected, "{lines:?}");
}

#[test]
fn needs_are_read_off_the_templates() {
    waves(&["id: x, call: put", "id: y, call: put"], &[&[0, 1]]);
    let reads = r#"id: y, call: put, with: { a: "{{ x.id }}" }"#;
    waves(&[reads, "id: x, call: put"], &[&[1], &[0]]);
    waves(&["id: x, call: put", "id: y, call: put, after: x"], &[&[0], &[1]]);
    waves(
        &["id: x, call: put", r#"id: y, call: put, when: "{{ x }}""#],
        &[&[0], &[1]],
    );
    let items = r#"id: y, for_each: "{{ x }}", as: one, call: put, with: { a: "{{ one }}" }"#;
    waves(&["id: x, call: put", items], &[&[0], &[1]]);
    let until =
        r#"id: y, call: get, with: { a: "1" }, repeat: { until: "{{ y == x }}", every: 1s, times: 2 }"#;
    waves(&["id: x, call: put", until], &[&[0], &[1]]);
    let deep = r#"id: y, call: put, with: { a: "{{ 'n' if p == 'x' else (x.rows[0].id | default(p)) }}" }"#;
    waves(&["id: x, call: put", deep], &[&[0], &[1]]);
    // A text that names a step is no need, and neither is the key of a map.
    waves(
        &["id: x, call: put", "id: y, call: put, with: { a: x }"],
        &[&[0, 1]],
    );
    let diamond = [
        "id: top, call: put",
        r#"id: left, call: put, with: { a: "{{ top }}" }"#,
        r#"id: right, call: put, with: { a: "{{ top }}" }"#,
        r#"id: end, call: put, with: { a: "{{ left ~ right }}" }"#,
    ];
    waves(&diamond, &[&[0], &[1, 2], &[3]]);
}

/// The codes of the errors; what lints say of these manifests is not asked.
fn errors(loaded: &Loaded) -> Vec<&'static str> {
    let errors = loaded.diagnostics.iter();
    let errors = errors.filter(|found| found.severity == Severity::Error);
    errors.map(|found| found.code).collect()
}

/// The messages about the last of these steps, whose `a` is required.
#[track_caller]
fn absent(lines: &[&str], value: &str, expected: bool) {
    let last = format!(r#"id: last, call: get, with: {{ a: "{value}" }}"#);
    let loaded = load(&steps(&[lines, &[last.as_str()]].concat()));
    let codes: Vec<&str> = errors(&loaded);
    let wanted: &[&str] = if expected { &["absent-argument"] } else { &[] };
    assert_eq!(codes, wanted, "{lines:?} {value}");
}

#[test]
fn what_can_be_absent_is_no_required_argument() {
    let plain = "id: x, call: put";
    let skipped = r#"id: x, when: "{{ p == 'a' }}", call: put"#;
    absent(&[], "{{ p }}", false);
    absent(&[], "{{ o }}", true);
    absent(&[], "{{ o | default('x') }}", false);
    absent(&[], "{{ o or p }}", false);
    absent(&[], "{{ 'x' if o else 'y' }}", false);
    absent(&[], "{{ 'x' if p }}", true);
    absent(&[plain], "{{ x }}", false);
    absent(&[plain], "{{ x.a.b[0] | first }}", false);
    absent(&[skipped], "{{ x.a }}", true);
    absent(&[skipped], "{{ x is defined }}", false);
    absent(&["id: x, call: put, on_error: skip"], "{{ x.a }}", true);
    absent(&["id: x, call: put, on_error: { value: 1 }"], "{{ x.a }}", false);
    // Items are skipped one by one; the list stays.
    let items = r#"id: x, for_each: [a, b], as: i, when: "{{ i == 'a' }}", call: put, on_error: skip"#;
    absent(&[items], "{{ x[0] }}", false);
    // A list of something that is absent is nothing to do.
    let chain = r#"id: y, for_each: "{{ x }}", as: i, call: put"#;
    absent(&[skipped, chain], "{{ y[0] }}", true);
    absent(&[plain, chain], "{{ y[0] }}", false);
    let longer = r#"id: z, for_each: "{{ y }}", as: i, call: put"#;
    absent(&[longer, chain, skipped], "{{ z[0] }}", true);
    // A step that only waits has its value all the same.
    absent(&[skipped, "id: y, call: put, after: x"], "{{ y }}", false);
    absent(
        &[skipped, r#"id: y, call: put, with: { a: "{{ x }}" }"#],
        "{{ y }}",
        false,
    );
}

#[test]
fn a_condition_that_has_seen_a_name_vouches_for_it() {
    for (condition, codes) in [("{{ x is defined }}", &[][..]), ("{{ p }}", &["absent-argument"])] {
        let last = format!(r#"id: y, when: "{condition}", call: get, with: {{ a: "{{{{ x.a }}}}" }}"#);
        let loaded = load(&steps(&[r#"id: x, when: "{{ p }}", call: put"#, &last]));
        let found: Vec<&str> = errors(&loaded);
        assert_eq!(found, codes, "{condition}");
    }
}

#[test]
fn the_value_of_an_inner_workflow_can_be_absent_too() {
    let inner = |returns: &str| {
        format!(
            "  inner:\n    description: Reads the rows of the table, one after another.\n    params:\n      p: {{ type: string, description: Some text }}\n    steps:\n      - {{ id: x, when: \"{{{{ p }}}}\", call: put }}\n{returns}"
        )
    };
    let outer = steps(&[
        r#"id: i, call: inner, with: { p: "{{ p }}" }"#,
        r#"id: last, call: get, with: { a: "{{ i.a }}" }"#,
    ]);
    for (returns, codes) in [
        ("", &["absent-argument"][..]),
        ("    return: \"{{ x.a }}\"\n", &["absent-argument"]),
        ("    return: { a: \"{{ x.a }}\" }\n", &["absent-argument"]),
        ("    return: { a: \"{{ x.a }}\", b: 1 }\n", &[]),
        ("    return: \"{{ x.a | default(1) }}\"\n", &[]),
    ] {
        let loaded = load(&format!("{outer}{}", inner(returns)));
        let found: Vec<&str> = errors(&loaded);
        assert_eq!(found, codes, "{returns}");
    }
}

#[test]
fn effects_are_the_strongest_through_inner_workflows() {
    let more = "  deep:\n    description: Drops the rows of the table, one after another.\n    steps:\n      - { id: x, call: drop, with: { a: \"1\" } }\n";
    let cases = [
        (vec![r#"id: x, call: get, with: { a: "1" }"#], Effect::Read),
        (
            vec!["id: x, call: put", r#"id: y, call: get, with: { a: "1" }"#],
            Effect::Write,
        ),
        (vec!["id: x, call: put", "id: y, call: deep"], Effect::Destructive),
        (vec!["id: x, ask: What now?"], Effect::Read),
        (
            vec!["id: x, ask: What now?, tools: [get, deep]"],
            Effect::Destructive,
        ),
    ];
    for (lines, effect) in cases {
        let manifest = good(&format!("{}{more}", steps(&lines)));
        assert_eq!(
            manifest.workflow("w").map(|workflow| workflow.effect),
            Some(effect),
            "{lines:?}"
        );
    }
}

#[test]
fn bounds_multiply_items_and_tries() {
    let more = "  inner:\n    description: Reads the rows of the table, one after another.\n    steps:\n      - { id: x, for_each: [1, 2, 3], as: i, call: put }\n";
    let number = |calls, turns| Bound {
        calls: Most::Number(calls),
        turns: Most::Number(turns),
    };
    let until = r#"repeat: { until: "{{ x }}", every: 1s, times: 10 }"#;
    let polled = format!(r#"id: x, call: get, with: {{ a: "1" }}, {until}"#);
    let unknown = Bound {
        calls: Most::Unknown,
        turns: Most::Number(0),
    };
    let cases = [
        (vec!["id: x, call: put", "id: y, call: put"], number(2, 0)),
        (vec![polled.as_str()], number(10, 0)),
        (
            vec![
                "id: x, call: inner",
                "id: y, for_each: [1, 2], as: i, call: inner",
            ],
            number(9, 0),
        ),
        (vec![r#"id: y, for_each: "{{ p }}", as: i, call: inner"#], unknown),
        (
            vec!["id: x, ask: a", "id: y, ask: b, output: { type: object }"],
            number(0, 3),
        ),
        (
            vec!["id: x, ask: a, tools: [put]"],
            Bound {
                calls: Most::Unknown,
                turns: Most::Unknown,
            },
        ),
    ];
    for (lines, bound) in cases {
        let manifest = good(&format!("{}{more}", steps(&lines)));
        let workflow = manifest.workflow("w").expect("written above");
        assert_eq!(manifest.bound(workflow), bound, "{lines:?}");
    }
}

#[test]
fn a_condition_is_of_the_item_only_when_it_reads_it() {
    let manifest = good(&steps(&[
        r#"id: x, for_each: [a, b], as: i, when: "{{ i == 'a' }}", call: put"#,
        r#"id: y, for_each: [a, b], as: i, when: "{{ p == 'a' }}", call: put"#,
    ]));
    let steps = &manifest.workflows[0].steps;
    assert!(matches!(steps[0].when, Some(When::Item(_))));
    assert!(matches!(steps[1].when, Some(When::Step(_))));
}

/// A diamond: one step, `width` that read it, one that reads them all.
fn diamond(width: usize) -> String {
    let mut lines = vec![r#"id: top, call: put, with: { a: "{{ p }}" }"#.to_owned()];
    lines.extend((0..width).map(|n| format!(r#"id: s{n}, call: put, with: {{ a: "{{{{ top.id }}}}" }}"#)));
    let all: Vec<String> = (0..width).map(|n| format!("s{n}")).collect();
    lines.push(format!("id: end, call: put, after: [{}]", all.join(", ")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let all = all
        .iter()
        .map(|id| format!("\"{{{{ {id} }}}}\""))
        .collect::<Vec<_>>();
    format!("{}    return: [{}]\n", steps(&lines), all.join(", "))
}

#[test]
fn a_diamond_of_ten_thousand_steps_is_planned() {
    // Were the work quadratic, this would not end; `just bench` has the times.
    let manifest = good(&diamond(9_998));
    let waves = manifest.workflows[0].waves.iter().map(Vec::len);
    assert_eq!(waves.collect::<Vec<_>>(), [1, 9_998, 1]);
}

#[test]
fn workflows_nest_only_so_deep() {
    let mut text = "  w0:\n    description: Reads the rows of the table, one after another.\n    steps:\n      - { id: x, call: put }\n".to_owned();
    for n in 1..=32 {
        let callee = n - 1;
        write!(text, "  w{n}:\n    description: Reads the rows of the table, one after another.\n    steps:\n      - {{ id: x, call: w{callee} }}\n")
            .expect("writing to a text");
    }
    let loaded = load(&text);
    let found: Vec<&str> = errors(&loaded);
    assert_eq!(found, ["too-deep"]);
}

#[test]
fn a_schema_of_an_answer_is_told_of_with_everything_else() {
    let loaded = load(&steps(&[
        r#"id: x, ask: "say {{ nope }}", output: { type: objekt, properties: { type: { type: [string, nil] } } }"#,
    ]));
    let errors = loaded
        .diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error);
    let told: Vec<&str> = errors.map(|found| found.message.as_str()).collect();
    let expected = [
        "unknown name `nope`",
        "`objekt` in `output` of step `x` is not a type of JSON Schema",
        "`nil` in `output` of step `x` is not a type of JSON Schema",
    ];
    assert_eq!(told, expected);
    let fine =
        r#"id: x, ask: "say {{ p }}", output: { type: object, properties: { type: { const: objekt } } }"#;
    good(&steps(&[fine]));
}

#[test]
fn slips_of_those_who_know_other_tools_are_told_with_what_to_write() {
    let cases = [
        (
            r#"id: x, call: put, when: "{{ p }} == 3""#,
            "put all of it inside, as in `{{ orders.count > 3 }}`",
        ),
        (
            r#"id: x, call: put, with: { a: "{{ steps.y.v }}" }"#,
            "a step's value stands alone: write `{{ y }}`, or `{{ y.FIELD }}` for a part of it",
        ),
        (
            "id: x, call: put, after: 'y, z'",
            "several are a list: `after: [y, z]`",
        ),
        ("id: x, call: put, needs: [y]", "did you mean `after`?"),
        (
            "id: x, call: put, retry: 3",
            "what is called retries by itself (`retries` of its api); `on_error` says what an error does, `repeat` waits for a state",
        ),
        (
            "id: x, call: colour",
            "the tools and workflows are `get`, `put`, `drop`",
        ),
        (
            "id: x, ask: ''",
            "write what the model is asked, as in `ask: \"Sum up {{ rates | tojson }}\"`",
        ),
    ];
    for (line, expected) in cases {
        let loaded = load(&steps(&[line, "id: y, call: put", "id: z, call: put"]));
        let help: Vec<&str> = loaded
            .diagnostics
            .iter()
            .filter_map(|found| found.help.as_deref())
            .collect();
        assert!(help.contains(&expected), "{line}: {help:#?}");
        assert!(loaded.manifest.is_none(), "{line}");
    }
}
