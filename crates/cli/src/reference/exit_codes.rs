//! Exit codes, from the table of `exit.rs`.

use super::markdown::{anchor, capital, sentence, table};
use crate::exit::{EXITS, ExitRow};

pub(super) fn page() -> String {
    let heading = |row: &ExitRow| format!("Exit {}", row.exit.code());
    let mut text = "# Exit codes\n\n\
        What a shell sees when toolrun ends. The numbers stay; scripts may rely on them. With `--json` the object on \
        stdout names the code as `exit`, also when a command fails before it starts.\n\n"
        .to_owned();
    text.push_str(&table(
        ["code", "meaning"],
        EXITS.iter().map(|row| {
            let link = format!("[{}](#{})", row.exit.code(), anchor(&heading(row)));
            [link, row.meaning.to_owned()]
        }),
    ));
    for row in EXITS {
        let (meaning, detail) = (sentence(&capital(row.meaning)), sentence(row.detail));
        text.push_str(&format!("## {}\n\n{meaning} {detail}\n\n", heading(row)));
    }
    text + SCRIPT
}

/// How a script tells them apart.
const SCRIPT: &str = r#"## In a script

```sh
toolrun run shop.yaml "$question" > answer.txt
case $? in
  0) mail -s Answer ann@example.com < answer.txt ;;
  4) echo "stopped by a limit; answer.txt has what there is of an answer" >&2 ;;
  5) echo "not permitted; the message above says how to permit it" >&2 ;;
  *) exit 1 ;;
esac
```
"#;
