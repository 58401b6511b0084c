//! Flags tools that ask for too much at once.

use crate::lint::subject::subjects;
use crate::lint::{Checked, Findings, Group, Level, Rule};

pub(crate) const RULE: Rule = Rule {
    name: "param-many-required",
    group: Group::Params,
    level: Level::Warn,
    docs: r#"Flags a tool or workflow with more than eight required params.

A model that does not know a value invents one, and the more it must give at once the more it invents. Give defaults, make params optional, pin what never changes with `const`, or make two tools of it.

Bad:

```yaml
toolrun: 1
tools:
  create_contact:
    description: Adds a person to the address book. Use it only for people who agreed.
    params:
      first_name: { type: string, description: Given name }
      last_name: { type: string, description: Family name }
      title: { type: string, description: Academic title as it is printed on letters }
      street: { type: string, description: Street and number of the house }
      city: { type: string, description: Town or village }
      zip: { type: string, description: Postal code as it is used in that country }
      employer: { type: string, description: Company in which the person works }
      department: { type: string, description: Part of the company }
      notes: { type: string, description: Anything else that is worth knowing }
    method: POST
    effect: write
    url: https://crm.example/contacts
    body: { json: { given: "{{ first_name }}", family: "{{ last_name }}", title: "{{ title }}", street: "{{ street }}", city: "{{ city }}", zip: "{{ zip }}", employer: "{{ employer }}", department: "{{ department }}", notes: "{{ notes }}" } }
```

Good:

```yaml
toolrun: 1
tools:
  create_contact:
    description: Adds a person to the address book. Use it only for people who agreed.
    params:
      first_name: { type: string, description: Given name }
      last_name: { type: string, description: Family name }
      employer: { type: string, optional: true, description: Company in which the person works }
      notes: { type: string, optional: true, description: Anything else that is worth knowing }
    method: POST
    effect: write
    url: https://crm.example/contacts
    body: { json: { given: "{{ first_name }}", family: "{{ last_name }}", employer: "{{ employer }}", notes: "{{ notes }}" } }
```
"#,
    check,
};

/// How many a model can be asked for.
const MANY: usize = 8;

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    for subject in subjects(checked) {
        let count = subject.params.iter().filter(|param| param.is_required()).count();
        if count > MANY {
            let name = subject.name.as_str();
            findings
                .flag(
                    subject.name.span(),
                    format!("`{name}` requires {count} params in every call"),
                )
                .help("add `optional: true` or a `default` where the service does without, `const` where the value never changes, or make two tools of it");
        }
    }
}
