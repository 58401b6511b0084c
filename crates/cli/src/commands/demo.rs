//! `toolrun demo`: the whole loop on this machine alone, over real HTTP.

use toolrun_demo::{Demo, Options};

use crate::args::{Assignment, ConnectionArgs, DemoArgs};
use crate::commands::run::Task;
use crate::console::Console;
use crate::environment::Environment;
use crate::exit::{Exit, Failure, Kind};
use crate::manifest_file;
use crate::render::progress::Detail;

/// The shipped manifest, as it was when the binary was built.
const MANIFEST: &str = include_str!("../../../../manifests/demo.yaml");

/// The secret that the manifest asks for.
const KEY: &str = "DEMO_KEY";

/// The variable in which it looks for the service's address.
const ADDRESS: &str = "TOOLRUN_DEMO_URL";

/// The manifest's name in messages.
const NAME: &str = "manifests/demo.yaml";

/// Two independent reads, which every model can do.
const PROMPT: &str =
    "What is the latest exchange rate from EUR to USD, and is the IBAN DE89370400440532013000 valid?";

/// Starts the service and runs the shipped manifest against it.
pub(crate) async fn run(args: &DemoArgs, console: &Console) -> Result<Exit, Failure> {
    let port = args
        .port
        .unwrap_or(if args.serve { toolrun_demo::DEFAULT_PORT } else { 0 });
    let demo = toolrun_demo::serve(Options {
        port,
        ..Options::default()
    })
    .await
    .map_err(|error| {
        Failure::new(Kind::Failed, error.to_string()).with_hint("is the port taken? --port names another")
    })?;
    if args.serve {
        return serve(demo, console).await;
    }
    let loaded = manifest_file::load_text(NAME, MANIFEST.to_owned());
    let (manifest, content) = manifest_file::checked(loaded, NAME, console)?;
    let prompt = args.prompt.clone().unwrap_or_else(|| PROMPT.to_owned());
    console.headed(
        "service:",
        &format!("{} (a real REST service, on this machine)", demo.base_url),
    );
    console.headed("prompt:", &prompt);
    let connection = connection(&demo, args);
    let detail = if console.quiet() {
        Detail::Nothing
    } else {
        Detail::Everything
    };
    let environment = Environment::default().with(KEY, &demo.key);
    let task = Task {
        manifest,
        content,
        prompt,
        agent: &args.agent,
        connection: &connection,
        environment,
        detail,
    };
    let ended = task.run(console).await;
    // The service has nothing to lose: it ends with the process anyway.
    let _ = demo.shutdown().await;
    ended
}

/// Serves until interrupted.
async fn serve(demo: Demo, console: &Console) -> Result<Exit, Failure> {
    console.out(&format!("{}\n", demo.base_url))?;
    console.note("In another terminal:");
    console.note(&format!(
        "  export {KEY}={} {ADDRESS}={}",
        demo.key, demo.base_url
    ));
    console.note("  toolrun call manifests/demo.yaml get_exchange_rate from=EUR to=USD");
    console.note("Serving until Ctrl-C.");
    crate::interrupt::once().await;
    let _ = demo.shutdown().await;
    Ok(Exit::Interrupted)
}

/// The service's address and key, as the manifest asks for them.
fn connection(demo: &Demo, args: &DemoArgs) -> ConnectionArgs {
    ConnectionArgs {
        vars: vec![Assignment {
            name: "demo_url".to_owned(),
            value: demo.base_url.clone(),
        }],
        allow_writes: args.allow_writes.clone(),
        ..ConnectionArgs::default()
    }
}
