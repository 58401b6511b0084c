//! `toolrun graph`: the plan of workflows, drawn.

use toolrun_manifest::{Manifest, Workflow};
use toolrun_validator::nearest;

use crate::args::GraphArgs;
use crate::console::Console;
use crate::exit::{Exit, Failure};
use crate::manifest_file;
use crate::render::mermaid;

/// Prints the drawing.
pub(crate) fn run(args: &GraphArgs, console: &Console) -> Result<Exit, Failure> {
    let (manifest, _) = manifest_file::load_with_content(&args.file, console)?;
    let workflows: Vec<&Workflow> = match &args.workflow {
        None => manifest.workflows.iter().collect(),
        Some(name) => match (manifest.workflow(name), manifest.tool(name)) {
            (Some(workflow), _) => vec![workflow],
            (None, Some(_)) => {
                return Err(Failure::usage(format!(
                    "`{name}` is a tool: it has no steps to draw"
                )));
            }
            (None, None) => return Err(unknown(&manifest, name)),
        },
    };
    if workflows.is_empty() {
        return Err(Failure::usage("the manifest has no workflows").with_hint(
            "`workflows: { name: { description: …, steps: [ … ] } }` chains calls without a model",
        ));
    }
    console.out(&mermaid::draw(&workflows))?;
    Ok(Exit::Done)
}

fn unknown(manifest: &Manifest, name: &str) -> Failure {
    let names: Vec<&str> = manifest
        .workflows
        .iter()
        .map(|workflow| workflow.name.as_str())
        .collect();
    let failure = Failure::usage(format!("the manifest has no workflow `{name}`"));
    match nearest(name, names.iter().copied()) {
        _ if names.is_empty() => failure,
        Some(near) => failure.with_hint(format!("did you mean `{near}`?")),
        None => failure.with_hint(format!("its workflows: {}", names.join(", "))),
    }
}
