//! Flags manifests whose tools are dear to offer together.

use crate::lint::offer::{Offer, offered};
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "manifest-tokens",
    group: Group::Cost,
    level: Level::Warn,
    docs: r#"Flags a manifest whose tools on offer take more than 8,000 tokens together, as estimated; `toolrun tools` shows the same number.

Every turn pays for all of them: a run of ten turns reads 80,000 tokens of definitions, which is two fifths of the default limit of 200k, before it has read a single result. `agent: { tools: [ … ] }` says what is offered; `--tools` says it for one run.

Bad:

```yaml
toolrun: 1
lints: { description-copied: allow, description-long: allow }
x-one: &one
  url: https://shop.example/register
  description: >-
    Returns the newest entry of this register in full, with the day on which it was made, the person who
    made it, the office that was asked before, and the number under which it is kept. An entry that was
    struck out comes with the day and the reason. Where an entry takes the place of an older one, the
    number of the older one is given too, but not its text, which the register of former entries has.
    Names are written as they were at the time of the entry. Amounts are in the money of the time, too,
    and are not converted. An entry of an office that no longer exists names the one that took over its
    work, if there is one. Use it when somebody asks what was entered last, and not to look for an entry
    by its number, by a name or by a day: there are other tools for each of these. An empty register
    gives no entry and says since when it is empty. Closed registers give the entry that closed them.
    Entries of the last hour may be missing: they are shown once they have been read by a second person.
tools: {
  get_a: *one, get_b: *one, get_c: *one, get_d: *one, get_e: *one, get_f: *one, get_g: *one,
  get_h: *one, get_i: *one, get_j: *one, get_k: *one, get_l: *one, get_m: *one, get_n: *one,
  get_o: *one, get_p: *one, get_q: *one, get_r: *one, get_s: *one, get_t: *one, get_u: *one,
  get_v: *one, get_w: *one, get_x: *one, get_y: *one, get_z: *one, get_aa: *one, get_ab:
  *one, get_ac: *one, get_ad: *one
}
```

Good:

```yaml
toolrun: 1
lints: { description-copied: allow, description-long: allow }
agent: { tools: [get_a, get_b] }
x-one: &one
  url: https://shop.example/register
  description: >-
    Returns the newest entry of this register in full, with the day on which it was made, the person who
    made it, the office that was asked before, and the number under which it is kept. An entry that was
    struck out comes with the day and the reason. Where an entry takes the place of an older one, the
    number of the older one is given too, but not its text, which the register of former entries has.
    Names are written as they were at the time of the entry. Amounts are in the money of the time, too,
    and are not converted. An entry of an office that no longer exists names the one that took over its
    work, if there is one. Use it when somebody asks what was entered last, and not to look for an entry
    by its number, by a name or by a day: there are other tools for each of these. An empty register
    gives no entry and says since when it is empty. Closed registers give the entry that closed them.
    Entries of the last hour may be missing: they are shown once they have been read by a second person.
tools: {
  get_a: *one, get_b: *one, get_c: *one, get_d: *one, get_e: *one, get_f: *one, get_g: *one,
  get_h: *one, get_i: *one, get_j: *one, get_k: *one, get_l: *one, get_m: *one, get_n: *one,
  get_o: *one, get_p: *one, get_q: *one, get_r: *one, get_s: *one, get_t: *one, get_u: *one,
  get_v: *one, get_w: *one, get_x: *one, get_y: *one, get_z: *one, get_aa: *one, get_ab:
  *one, get_ac: *one, get_ad: *one
}
```
"#,
    check,
};

/// What all tools may take.
const MOST: u64 = 8000;

/// How many of the dearest are shown.
const SHOWN: usize = 3;

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let mut tools: Vec<_> = offered(checked).iter().collect();
    let total: u64 = tools.iter().map(|tool| tool.tokens).sum();
    if total <= MOST {
        return;
    }
    tools.sort_by_key(|tool| std::cmp::Reverse(tool.tokens));
    let Some(dearest) = tools.first() else { return };
    let count = tools.len();
    let message = match count {
        1 => format!("the one tool on offer takes about {total} tokens of every turn"),
        _ => format!("the {count} tools on offer take about {total} tokens of every turn"),
    };
    let diagnostic = findings.flag(dearest.span, message);
    diagnostic.says(takes(dearest));
    for tool in tools.iter().take(SHOWN).skip(1) {
        diagnostic.context(tool.span, takes(tool));
    }
    diagnostic.help(format!(
        "list what a run needs under `agent: {{ tools: [ … ] }}`, or shorten the tools: about {MOST} is enough for thirty"
    ));
}

fn takes(tool: &Offer<'_>) -> String {
    format!("about {} of them", tool.tokens)
}
