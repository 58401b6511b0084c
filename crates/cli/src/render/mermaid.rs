//! Workflows as a Mermaid flowchart: steps as boxes, what they wait for as
//! arrows. Ids are our own, since words such as `end` mean something there.

use toolrun_manifest::{Effect, OnError, Step, When, Workflow};

/// Draws workflows, each in a frame of its own when there are several.
pub(crate) fn draw(workflows: &[&Workflow]) -> String {
    let mut text = "flowchart TD\n".to_owned();
    for (number, workflow) in workflows.iter().enumerate() {
        let (indent, several) = if workflows.len() > 1 {
            ("    ", true)
        } else {
            ("  ", false)
        };
        if several {
            text.push_str(&format!("  subgraph w{number} [\"{}\"]\n", label(&workflow.name)));
        }
        for line in lines(workflow, &format!("w{number}")) {
            text.push_str(&format!("{indent}{line}\n"));
        }
        if several {
            text.push_str("  end\n");
        }
    }
    text.push_str("  classDef write stroke:#b36b00,stroke-width:2px\n");
    text.push_str("  classDef destructive stroke:#b00020,stroke-width:3px\n");
    text
}

fn lines(workflow: &Workflow, prefix: &str) -> Vec<String> {
    let mut lines = vec![format!("{prefix}_in([\"{}\"])", start(workflow))];
    for (place, step) in workflow.steps.iter().enumerate() {
        lines.push(format!("{prefix}_s{place}{}", shape(step)));
    }
    lines.push(format!("{prefix}_out([\"return\"])"));
    for (place, step) in workflow.steps.iter().enumerate() {
        if step.needs.is_empty() {
            lines.push(format!("{prefix}_in --> {prefix}_s{place}"));
        }
        for need in &step.needs {
            lines.push(format!("{prefix}_s{need} --> {prefix}_s{place}"));
        }
    }
    for place in ends(workflow) {
        lines.push(format!("{prefix}_s{place} --> {prefix}_out"));
    }
    for place in unread(workflow) {
        lines.push(format!("{prefix}_s{place} -.-> {prefix}_out"));
    }
    lines
}

fn start(workflow: &Workflow) -> String {
    let params: Vec<&str> = workflow.params.iter().map(|param| param.name.as_str()).collect();
    label(&format!("{}({})", workflow.name, params.join(", ")))
}

/// The steps whose value is returned.
fn ends(workflow: &Workflow) -> Vec<usize> {
    let read = |step: &Step| match &workflow.returns {
        Some(tree) => tree.uses().params.contains(&step.id),
        None => workflow.steps.last().is_some_and(|last| last.id == step.id),
    };
    let places = workflow.steps.iter().enumerate();
    places
        .filter(|(_, step)| read(step))
        .map(|(place, _)| place)
        .collect()
}

/// The steps whose value nobody reads: the workflow waits for them all the same.
fn unread(workflow: &Workflow) -> Vec<usize> {
    let ends = ends(workflow);
    let waited_for = |place: &usize| workflow.steps.iter().any(|step| step.needs.contains(place));
    let places = 0..workflow.steps.len();
    places
        .filter(|place| !ends.contains(place) && !waited_for(place))
        .collect()
}

fn shape(step: &Step) -> String {
    let mut words = vec![
        step.id.clone(),
        step.callee().unwrap_or("ask the model").to_owned(),
    ];
    match &step.when {
        Some(When::Step(_)) => words.push("when a condition holds".to_owned()),
        Some(When::Item(_)) => words.push("for items that fit a condition".to_owned()),
        None => {}
    }
    if let Some(each) = &step.each {
        words.push(format!("for each {}, {} at once", each.name, each.concurrency));
    }
    if let Some(repeat) = &step.repeat {
        words.push(format!("until a condition holds, at most {} times", repeat.times));
    }
    match &step.on_error {
        OnError::Stop => {}
        OnError::Skip => words.push("skipped on error".to_owned()),
        OnError::Value(_) => words.push("another value on error".to_owned()),
    }
    let words = words
        .iter()
        .map(|word| label(word))
        .collect::<Vec<_>>()
        .join("<br/>");
    let class = match step.effect {
        Effect::Read => "",
        Effect::Write => ":::write",
        Effect::Destructive => ":::destructive",
    };
    match step.each {
        Some(_) => format!("[[\"{words}\"]]{class}"),
        None => format!("[\"{words}\"]{class}"),
    }
}

/// A text that cannot end its quotes or be markup. Names are plain already;
/// this holds whatever they become.
fn label(text: &str) -> String {
    let mut label = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | '`' => label.push_str(&format!("#{};", u32::from(c))),
            c if c.is_control() => label.push(' '),
            c => label.push(c),
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_become_markup() {
        assert_eq!(label("a\"] --> b"), "a#34;] --#62; b");
        assert_eq!(label("x\ny"), "x y");
        assert_eq!(
            label("refund_in_euro(order_id, euro)"),
            "refund_in_euro(order_id, euro)"
        );
    }
}
