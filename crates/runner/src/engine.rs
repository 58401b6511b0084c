//! What runs and single calls share: checks a call, renders it, asks for
//! permission, sends it, shapes the answer. Records nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use toolrun_http::{Redactor, Sent};
use toolrun_model::ToolCall;
use toolrun_validator::{ArgError, ArgValidator, Args, Coercion};

use crate::agent::approval::{AllowWrites, Answer, Approver, Proposal, Why, why_ask};
use crate::agent::flow::{Flow, FlowPolicy, FlowRule, host};
use crate::agent::masked;
use crate::conceal::{Hidden, hide_text, mask_fields};
use crate::error::{RunError, RunErrorKind};
use crate::event::RejectReason;
use crate::files::{FileError, Files};
use crate::preview::Preview;
use crate::tools::fence::draw;
use crate::tools::http::{self, Moment};
use crate::tools::shape::{Received, Shaped, receive, shape};
use crate::tools::{HttpTool, ToolSet, failure, no_folder, read_result};
use crate::workflow::catalogue::ReadyWorkflow;
use crate::writes::Change;

/// The parts of a session that no call changes.
pub(crate) struct Engine {
    /// What can be called.
    pub(crate) tools: ToolSet,
    /// Values of `vars`.
    pub(crate) vars: BTreeMap<String, String>,
    /// Hides secrets.
    pub(crate) redactor: Redactor,
    /// Asks about calls.
    pub(crate) approver: Arc<dyn Approver>,
    /// Which writes run unasked.
    pub(crate) allow_writes: AllowWrites,
    /// What may flow from one host to another.
    pub(crate) flows: FlowPolicy,
    /// The folder whose files may be sent.
    pub(crate) files: Option<Arc<dyn Files>>,
    /// Checks the arguments of `read_result`.
    pub(crate) reader: ArgValidator,
}

/// A call that could be sent now.
pub(crate) struct Ready {
    /// The tool.
    pub(crate) tool: Arc<HttpTool>,
    /// The call as the model wrote it.
    pub(crate) call: ToolCall,
    /// Its arguments.
    pub(crate) args: Args,
    /// What was converted.
    pub(crate) coerced: Vec<Coercion>,
    /// `call.id` and `now`.
    pub(crate) moment: Moment,
    /// The request, rendered once: shown, approved and sent from here.
    pub(crate) preview: Preview,
    /// The workflows whose step it is, the innermost first.
    pub(crate) within: Vec<String>,
}

/// A workflow that could begin now.
pub(crate) struct ReadyCall {
    /// The workflow.
    pub(crate) workflow: Arc<ReadyWorkflow>,
    /// The call as it was written.
    pub(crate) call: ToolCall,
    /// Its arguments.
    pub(crate) args: Args,
    /// What was converted.
    pub(crate) coerced: Vec<Coercion>,
    /// `call.id`.
    pub(crate) call_id: String,
}

/// A call that passed its checks.
pub(crate) enum Prepared {
    /// It sends a request.
    Send(Box<Ready>),
    /// It reads a result that was kept.
    Read(ToolCall, Args),
    /// It runs the steps of a workflow.
    Workflow(Box<ReadyCall>),
}

/// Why a call cannot be sent.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// Its arguments do not fit.
    Arguments(ArgError),
    /// A value cannot stand where the request needs it.
    Request(toolrun_manifest::RenderError),
    /// A file that it names cannot be sent.
    File {
        /// The param that names it.
        param: String,
        /// The path as it was given.
        path: String,
        /// Why not.
        cause: FileError,
    },
    /// A file was named, and there is no folder to take it from.
    NoFolder {
        /// The param that names it.
        param: String,
    },
    /// The value of a secret stands in the arguments of a workflow: its steps
    /// would read what is shown in its place.
    Masked,
}

impl Rejection {
    /// The reason as events have it.
    pub(crate) fn reason(&self) -> RejectReason {
        match self {
            Self::Arguments(_) => RejectReason::Arguments,
            Self::Request(_) | Self::File { .. } | Self::NoFolder { .. } | Self::Masked => {
                RejectReason::Request
            }
        }
    }

    /// What the model is told.
    pub(crate) fn for_model(&self) -> String {
        match self {
            Self::Arguments(error) => error.for_model(),
            Self::Request(error) => unusable(error.rule, error.param.as_deref(), &error.message),
            Self::File { param, cause, .. } => {
                let message = format!("the file of `{param}` is not sent: {cause}");
                unusable(cause.rule(), Some(param), &message)
            }
            Self::Masked => masked::words(),
            Self::NoFolder { param } => serde_json::json!({
                "error": "no_folder_of_files",
                "rule": "file-folder",
                "parameter": param,
                "message": "files cannot be sent in this run: the user opened no folder with --files DIR; nothing was sent",
                "next": "leave the parameter out if it is optional, or tell the user",
            })
            .to_string(),
        }
    }

    /// What a person is told.
    pub(crate) fn into_run_error(self, tool: &str) -> RunError {
        let error = RunError::new(RunErrorKind::Usage, format!("`{tool}` cannot be called so"));
        match self {
            Self::Arguments(cause) => error.caused_by(cause),
            Self::Request(cause) => error.rule(cause.rule).caused_by(cause),
            Self::File { path, cause, .. } => {
                let message = format!("`{tool}` was not sent: {}", cause.for_person(&path));
                RunError::new(RunErrorKind::Usage, message).rule(cause.rule())
            }
            Self::NoFolder { .. } => no_folder(tool),
            Self::Masked => RunError::new(
                RunErrorKind::Usage,
                format!("an argument of `{tool}` holds what is also the value of a secret, so its steps cannot read it"),
            )
            .hint("a secret is named in `secrets:` and used in `auth:` or in a header; it is no argument"),
        }
    }
}

/// What a model is told of a value that cannot stand where it was to go.
fn unusable(rule: &str, param: Option<&str>, message: &str) -> String {
    let mut words = serde_json::json!({ "error": "unusable_value", "rule": rule });
    if let Some(param) = param {
        words["parameter"] = param.into();
    }
    words["message"] = message.into();
    words["next"] = "nothing was sent; correct the value and call again".into();
    words.to_string()
}

/// What came of asking for permission.
pub(crate) enum Permission {
    /// It may run without being asked about.
    Free,
    /// A person said yes.
    Given(Why),
    /// A person said no.
    Refused(Why),
    /// Nobody could be asked.
    Nobody(Box<Proposal>),
}

/// What came of a call that was sent.
pub(crate) struct Finished {
    /// The answer as shaped.
    pub(crate) shaped: Shaped,
    /// The host that answered, which redirects may have led to; if one did.
    pub(crate) from: Option<String>,
    /// The status, if a response came.
    pub(crate) status: Option<u16>,
    /// Decoded bytes of the body.
    pub(crate) bytes: u64,
    /// How many times the request was sent.
    pub(crate) attempts: u32,
    /// From start to end.
    pub(crate) took: Duration,
    /// What a model reads, without the fence.
    pub(crate) content: String,
    /// What became of the change, if it is one.
    pub(crate) change: Change,
}

impl Prepared {
    /// The call as the model wrote it.
    pub(crate) fn call(&self) -> &ToolCall {
        match self {
            Self::Send(ready) => &ready.call,
            Self::Read(call, _) => call,
            Self::Workflow(ready) => &ready.call,
        }
    }
}

impl Engine {
    /// Whether a name is that of `read_result` and no tool of the manifest.
    pub(crate) fn is_reader(&self, name: &str) -> bool {
        name == read_result::NAME && self.tools.get(name).is_none()
    }

    /// Checks and renders a call. The caller has made sure of the name.
    pub(crate) fn prepare(&self, call: &ToolCall) -> Result<Result<Prepared, Rejection>, RunError> {
        if self.is_reader(&call.name) {
            let checked = self.reader.check(&call.arguments);
            return Ok(checked
                .map(|checked| Prepared::Read(call.clone(), checked.args))
                .map_err(Rejection::Arguments));
        }
        if let Some(workflow) = self.tools.workflows().get(&call.name) {
            return self.prepare_workflow(workflow, call);
        }
        let Some(tool) = self.tools.get(&call.name) else {
            return Err(RunError::new(
                RunErrorKind::Internal,
                format!("`{}` is not made ready", call.name),
            ));
        };
        let checked = match tool.validator.check(&call.arguments) {
            Ok(checked) => checked,
            Err(error) => return Ok(Err(Rejection::Arguments(error))),
        };
        let moment = Moment {
            call_id: call_id()?,
            now: jiff::Timestamp::now(),
        };
        let scope = http::scope(&checked.args, &self.vars, &moment);
        let (request, contents) = match http::request(tool, &scope, self.files.as_deref()) {
            Ok(made) => made,
            Err(rejection) => return Ok(Err(rejection)),
        };
        Ok(Ok(Prepared::Send(Box::new(Ready {
            tool: Arc::clone(tool),
            call: call.clone(),
            args: checked.args,
            coerced: checked.coerced,
            moment,
            preview: Preview {
                tool: call.name.clone(),
                request,
                contents,
            },
            within: Vec::new(),
        }))))
    }

    fn prepare_workflow(
        &self,
        workflow: &Arc<ReadyWorkflow>,
        call: &ToolCall,
    ) -> Result<Result<Prepared, Rejection>, RunError> {
        Ok(match workflow.validator.check(&call.arguments) {
            Err(error) => Err(Rejection::Arguments(error)),
            Ok(checked)
                if mask_fields(&self.redactor, &mut checked.args.as_map().clone()) == Hidden::Something =>
            {
                Err(Rejection::Masked)
            }
            Ok(checked) => Ok(Prepared::Workflow(Box::new(ReadyCall {
                workflow: Arc::clone(workflow),
                call: call.clone(),
                args: checked.args,
                coerced: checked.coerced,
                call_id: call_id()?,
            }))),
        })
    }

    /// Why a call has to be asked about; nothing when it may run.
    pub(crate) fn why_ask(&self, ready: &Ready, confidence: Option<f32>, flow: Option<&Flow>) -> Option<Why> {
        let tool = &ready.tool.tool;
        // Who names a workflow names its steps.
        let named = ready
            .within
            .iter()
            .find(|workflow| self.allow_writes.names(workflow));
        let name = named.unwrap_or(&tool.name);
        let why = why_ask(name, tool.effect, &self.allow_writes, confidence);
        let strict = self.flows.rule == FlowRule::Ask;
        why.or(flow.filter(|_| strict).map(|_| Why::Flow))
    }

    /// Asks for permission where it is needed.
    pub(crate) async fn permit(
        &self,
        ready: &Ready,
        confidence: Option<f32>,
        flow: Option<Flow>,
    ) -> Permission {
        let (name, effect) = (&ready.tool.tool.name, ready.tool.tool.effect);
        let Some(why) = self.why_ask(ready, confidence, flow.as_ref()) else {
            return Permission::Free;
        };
        let mut shown = ready.preview.to_string();
        hide_text(&self.redactor, &mut shown);
        let proposal = Box::new(Proposal {
            call_id: ready.moment.call_id.clone(),
            tool: name.clone(),
            effect,
            why,
            confidence,
            within: ready.within.clone(),
            flow,
            shown,
            preview: ready.preview.clone(),
        });
        match self.approver.ask(&proposal).await {
            Answer::Yes => Permission::Given(why),
            Answer::No => Permission::Refused(why),
            Answer::Nobody => Permission::Nobody(proposal),
        }
    }

    /// Sends a call and shapes its answer. An error is one that only a person
    /// can do something about. `sent` learns when the request leaves.
    pub(crate) async fn send(&self, ready: &Ready, sent: &Sent) -> Result<Finished, RunError> {
        let tool = &ready.tool;
        let call = tool.transport.send(ready.preview.request.clone());
        let mut from = None;
        let received = match sent.by(call).await {
            Ok(response) => {
                from = Some(host(&response.url));
                let (status, attempts) = (response.status, response.attempts);
                let received = receive(response, &self.redactor).await;
                received.map_err(|error| {
                    (
                        error,
                        Received {
                            status,
                            attempts,
                            ..Received::default()
                        },
                    )
                })
            }
            Err(error) => Err((
                error,
                Received {
                    attempts: 1,
                    ..Received::default()
                },
            )),
        };
        let (received, shaped, change) = match received {
            Ok(received) => {
                let scope = http::scope(&ready.args, &self.vars, &ready.moment);
                let shaped = shape(&tool.tool, &scope, &received, &self.redactor);
                let change = match shaped.is_error {
                    true => Change::of_status(received.status),
                    false => Change::Made,
                };
                (received, shaped, change)
            }
            Err((error, received)) => {
                let change = match sent.may_have_left() {
                    true => Change::of_error(&error),
                    false => Change::NotMade,
                };
                let shaped = Shaped::error(failure::transport(&tool.tool, error, sent)?);
                (received, shaped, change)
            }
        };
        Ok(Finished {
            shaped,
            from,
            status: (received.status != 0).then_some(received.status),
            bytes: received.body.len().try_into().unwrap_or(u64::MAX),
            attempts: received.attempts,
            took: Duration::ZERO,
            content: String::new(),
            change,
        })
    }
}

/// A new `call.id`, which nobody can guess.
fn call_id() -> Result<String, RunError> {
    Ok(format!("call_{}{}", draw()?, draw()?))
}

/// What is told to the person when a call needs a yes and nobody can say it.
pub(crate) fn needs_approval(proposal: Box<Proposal>) -> RunError {
    let mut message = format!(
        "{} {}, and there is nobody to ask; not sent",
        proposal.tool,
        proposal.reason()
    );
    if let Some(warning) = proposal.warning() {
        message = format!("{message} ({warning})");
    }
    let hint = match proposal.why {
        Why::Flow => {
            let remedy = proposal.flow.as_ref().map(Flow::remedy).unwrap_or_default();
            format!("{remedy} permits it; on a terminal, toolrun asks")
        }
        Why::Write | Why::Destructive => match proposal.within.last() {
            Some(workflow) => format!(
                "--allow-writes={} permits it, --allow-writes={workflow} all steps of that workflow; on a terminal, toolrun asks",
                proposal.tool
            ),
            None => format!(
                "--allow-writes={} permits it; on a terminal, toolrun asks",
                proposal.tool
            ),
        },
        Why::Unsure => {
            "run it on a terminal, say it more exactly, or name another model with --model".to_owned()
        }
    };
    let rule = proposal.why.rule();
    let error = RunError::new(RunErrorKind::NeedsApproval(proposal), message);
    error.rule(rule).hint(hint)
}
