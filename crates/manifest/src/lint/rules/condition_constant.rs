//! Flags conditions and comparisons that can turn out only one way.

use std::collections::HashMap;

use crate::checked::{Param, VarDecl};
use crate::decl::body::BodyKind;
use crate::decl::workflow::WorkflowDecl;
use crate::lint::written::Written;
use crate::lint::{Checked, Findings, Group, Level, Rule};
use crate::node::{Kind, Node};
use crate::source::Span;
use crate::template::{Facts, Names, Oddity, OddityKind, Position, StepNames, StepValue, in_result, in_text};
use crate::text::Text;

pub(crate) const RULE: Rule = Rule {
    name: "condition-constant",
    group: Group::Request,
    level: Level::Warn,
    docs: r#"Flags a condition that is always true or never, and a comparison with a value that its param or var never has: not in its `enum`, beyond its bounds, of another type; or a status that is no success, in `error_if`, which is read for successes only.

It runs and does nothing, or does it always: a slip that no request shows. A value that is nearly in the `enum` is a typing error; `'true'` in quotes is a text and no boolean; `a == 'x' or 'y'` is true whatever `a` is.

Bad:

```yaml
toolrun: 1
vars: { lang: { env: SHOP_LANG, default: en, enum: [en, de] } }
tools:
  find_orders:
    description: Lists a customer's orders, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
    url: https://shop.example/orders?email={{ email }}
    result:
      pick: "orders[].id"
      template: "{% if vars.lang == 'ge' %}Bestellungen{% else %}Orders{% endif %}: {{ result | join(', ') }}"
```

Good:

```yaml
toolrun: 1
vars: { lang: { env: SHOP_LANG, default: en, enum: [en, de] } }
tools:
  find_orders:
    description: Lists a customer's orders, newest first.
    params:
      email: { type: string, format: email, description: The customer's e-mail address }
    url: https://shop.example/orders?email={{ email }}
    result:
      pick: "orders[].id"
      template: "{% if vars.lang == 'de' %}Bestellungen{% else %}Orders{% endif %}: {{ result | join(', ') }}"
```

Bad:

```yaml
toolrun: 1
tools:
  get_order:
    description: Shows one order with its items and what became of it.
    params:
      order_id: { type: string, pattern: "^o_[0-9]+$", description: Which order }
    url: https://shop.example/orders/{{ order_id }}
    error_if: "{{ response.status >= 400 }}"
```

Good:

```yaml
toolrun: 1
tools:
  get_order:
    description: Shows one order with its items and what became of it.
    params:
      order_id: { type: string, pattern: "^o_[0-9]+$", description: Which order }
    url: https://shop.example/orders/{{ order_id }}
    error_if: "{{ response.body.error is defined }}"
```
"#,
    check,
};

fn check(checked: &Checked<'_>, findings: &mut Findings<'_>) {
    each_oddity(checked, &mut |at, text, oddity| {
        if oddity.kind != OddityKind::Constant {
            return;
        }
        let param = oddity.param.as_ref().and_then(|name| at.param(name));
        let diagnostic = findings.flag(text.span_of(oddity.range.clone()), oddity.message.clone());
        diagnostic.help(oddity.help.clone());
        if let Some(param) = param {
            diagnostic.context(param.span, "the param stands here");
        }
    });
}

/// Hands over everything odd in the templates that tools and apis hold, with
/// the tool and the text that it stands in.
pub(super) fn each_oddity(checked: &Checked<'_>, found: &mut dyn FnMut(&Place<'_>, &Text, &Oddity)) {
    let vars: HashMap<&str, &VarDecl> = checked
        .manifest
        .vars
        .iter()
        .map(|var| (var.name.as_str(), var))
        .collect();
    let names = Names {
        vars: &checked.world.var_names,
        secrets: Some(&checked.world.secret_names),
        call: true,
        ..Names::default()
    };
    for file in checked.world.files {
        for api in &file.decl.apis {
            let place = Place { params: &[] };
            let facts = Facts { names, vars: &vars };
            place.policy(
                &api.policy.headers,
                &api.policy.query,
                api.policy.error_if,
                &facts,
                found,
            );
        }
    }
    for written in checked.tools() {
        let place = Place {
            params: &written.tool.params,
        };
        let names = Names {
            params: &written.tool.params,
            ..names
        };
        place.tool(&written, &Facts { names, vars: &vars }, found);
    }
    let workflows = checked.manifest.workflows.iter();
    let params: HashMap<Span, &[Param]> = workflows
        .map(|workflow| (workflow.span, workflow.params.as_slice()))
        .collect();
    for workflow in checked.world.files.iter().flat_map(|file| &file.decl.workflows) {
        let Some(params) = params.get(&workflow.name.span()).copied() else {
            continue;
        };
        let steps = steps(workflow);
        let names = Names {
            params,
            secrets: None,
            steps: Some(&steps),
            ..names
        };
        Place { params }.workflow(workflow, &Facts { names, vars: &vars }, found);
    }
}

/// The names of steps and items: of what they hold nothing is known.
fn steps(workflow: &WorkflowDecl<'_>) -> StepNames {
    let mut names = StepNames::default();
    let ids = workflow.steps.iter().flat_map(|step| [step.id, step.item]);
    for id in ids.flatten() {
        names.set(id.as_str(), StepValue::MayBeAbsent);
    }
    names
}

/// Whose template it is.
pub(super) struct Place<'a> {
    params: &'a [Param],
}

type Found<'f> = &'f mut dyn FnMut(&Place<'_>, &Text, &Oddity);

impl Place<'_> {
    /// The param of that name.
    pub(super) fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    fn tool(&self, written: &Written<'_>, facts: &Facts<'_>, found: Found<'_>) {
        let decl = written.decl;
        self.texts(decl.url, Position::Value, facts, found);
        match decl.body.as_ref().map(|body| &body.kind) {
            Some(BodyKind::Json(node) | BodyKind::Form(node) | BodyKind::Multipart(node)) => {
                self.tree(node, facts, found);
            }
            Some(BodyKind::Text(text)) => self.texts([*text], Position::Value, facts, found),
            None => {}
        }
        let policy = &decl.policy;
        self.policy(&policy.headers, &policy.query, policy.error_if, facts, found);
        if let (Some(template), Some(text)) = (&written.tool.result.template, decl.result.template) {
            let facts = Facts {
                names: Names {
                    response: true,
                    result: true,
                    secrets: None,
                    ..facts.names
                },
                ..*facts
            };
            for oddity in in_result(template, &facts) {
                found(self, text, &oddity);
            }
        }
    }

    fn workflow(&self, workflow: &WorkflowDecl<'_>, facts: &Facts<'_>, found: Found<'_>) {
        for step in &workflow.steps {
            let until = step.repeat.and_then(|repeat| repeat.until);
            self.texts(
                step.when.into_iter().chain(until),
                Position::Condition,
                facts,
                found,
            );
            self.texts(step.ask, Position::Value, facts, found);
            for node in [step.with, step.for_each].into_iter().flatten() {
                self.tree(node, facts, found);
            }
        }
        workflow
            .returns
            .iter()
            .for_each(|node| self.tree(node, facts, found));
    }

    fn policy<'n>(
        &self,
        headers: &[(&'n Text, &'n Text)],
        query: &[(&'n Text, &'n Text)],
        error_if: Option<&'n Text>,
        facts: &Facts<'_>,
        found: Found<'_>,
    ) {
        let values = headers.iter().chain(query).map(|(_, value)| *value);
        self.texts(values, Position::Value, facts, found);
        let facts = Facts {
            names: Names {
                response: true,
                secrets: None,
                ..facts.names
            },
            ..*facts
        };
        self.texts(error_if, Position::Condition, &facts, found);
    }

    fn tree(&self, node: &Node, facts: &Facts<'_>, found: Found<'_>) {
        match &node.kind {
            Kind::Scalar(text) => self.texts([text], Position::Value, facts, found),
            Kind::List(items) => items.iter().for_each(|item| self.tree(item, facts, found)),
            Kind::Map(entries) => entries
                .iter()
                .for_each(|entry| self.tree(&entry.value, facts, found)),
            Kind::Invalid => {}
        }
    }

    fn texts<'n>(
        &self,
        texts: impl IntoIterator<Item = &'n Text>,
        position: Position,
        facts: &Facts<'_>,
        found: Found<'_>,
    ) {
        for text in texts {
            for oddity in in_text(text.as_str(), position, facts) {
                found(self, text, &oddity);
            }
        }
    }
}
