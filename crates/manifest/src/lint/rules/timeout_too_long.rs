//! Flags timeouts that no run waits for.

use std::time::Duration;

use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "timeout-too-long",
    group: Group::Safety,
    level: Level::Warn,
    docs: r#"Flags a `timeout` of more than five minutes, and one that is longer than a run may take: `agent: { limits: { time: … } }`, or ten minutes.

`timeout` is the time of a whole call, its retries included. While it waits, nothing else happens, and what comes after the end of the run is lost. For work that takes longer, APIs answer at once and are asked again.

Bad:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    timeout: 15m
```

Good:

```yaml
toolrun: 1
tools:
  list_orders:
    description: Lists the orders of the shop, newest first.
    url: https://shop.example/orders
    timeout: 20s
```
"#,
    check,
};

/// What a person, or a connection through proxies, puts up with.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// The time of a run that says nothing about it.
const RUN: Duration = Duration::from_secs(10 * 60);

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    let run = checked.manifest.agent.limits.time.unwrap_or(RUN);
    for file in checked.world.files {
        let apis = file.decl.apis.iter().map(|api| &api.policy);
        let tools = file.decl.tools.iter().map(|tool| &tool.policy);
        for timeout in apis.chain(tools).filter_map(|policy| policy.timeout) {
            if timeout.value > run {
                let message = format!("a run ends after {}, before this timeout", words(run));
                findings
                    .flag(timeout.span, message)
                    .help("shorten it, or raise `agent: { limits: { time: … } }`");
            } else if timeout.value > PATIENCE {
                findings
                    .flag(timeout.span, "one call may take more than five minutes")
                    .help("shorten it: most APIs that are alive answer within `30s`");
            }
        }
    }
}

fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds >= 60 && seconds % 60 == 0 => format!("{}m", seconds / 60),
        0 => format!("{}ms", time.as_millis()),
        seconds => format!("{seconds}s"),
    }
}
