//! Flags more tools than a model tells apart.

use crate::lint::offer::offered;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "too-many-tools",
    group: Group::Cost,
    level: Level::Warn,
    docs: r#"Flags a manifest that offers more than 30 tools at once.

A model finds the right one worse the more there are: Anthropic's documentation says so from 30 to 50 on, and OpenAI's Chat Completions take at most 128. Say what a run needs: `agent: { tools: [ … ] }`, or `--tools` for one run. Tools that are not offered can still be called by workflows and by `toolrun call`.

Bad:

```yaml
toolrun: 1
lints: { description-copied: allow }
x-one: &one { description: Returns the newest entry of this register in full., url: https://shop.example/register }
tools: {
  get_a: *one, get_b: *one, get_c: *one, get_d: *one, get_e: *one, get_f: *one, get_g: *one,
  get_h: *one, get_i: *one, get_j: *one, get_k: *one, get_l: *one, get_m: *one, get_n: *one,
  get_o: *one, get_p: *one, get_q: *one, get_r: *one, get_s: *one, get_t: *one, get_u: *one,
  get_v: *one, get_w: *one, get_x: *one, get_y: *one, get_z: *one, get_aa: *one, get_ab:
  *one, get_ac: *one, get_ad: *one, get_ae: *one
}
```

Good:

```yaml
toolrun: 1
lints: { description-copied: allow }
agent: { tools: [get_a, get_b] }
x-one: &one { description: Returns the newest entry of this register in full., url: https://shop.example/register }
tools: {
  get_a: *one, get_b: *one, get_c: *one, get_d: *one, get_e: *one, get_f: *one, get_g: *one,
  get_h: *one, get_i: *one, get_j: *one, get_k: *one, get_l: *one, get_m: *one, get_n: *one,
  get_o: *one, get_p: *one, get_q: *one, get_r: *one, get_s: *one, get_t: *one, get_u: *one,
  get_v: *one, get_w: *one, get_x: *one, get_y: *one, get_z: *one, get_aa: *one, get_ab:
  *one, get_ac: *one, get_ad: *one, get_ae: *one
}
```
"#,
    check,
};

/// How many a model tells apart.
const MOST: usize = 30;

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let tools = offered(checked);
    let Some(first) = tools.get(MOST) else { return };
    let count = tools.len();
    findings
        .flag(first.span, format!("{count} tools are offered at once"))
        .says(format!("the first beyond {MOST}"))
        .help("list what a run needs under `agent: { tools: [ … ] }`, or split the manifest");
}
