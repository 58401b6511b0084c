//! Starting and stopping: binds the port, serves until told to stop. What is served stands in `routes`.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::gate::{Gate, RateLimit, Seen};
use crate::routes::{Service, router};

/// The port that the shipped manifest expects when nothing else is said.
pub const DEFAULT_PORT: u16 = 8787;

/// The key that the service accepts when [`Options`] names none.
///
/// It guards fictional data on a loopback address: it is there so that requests have to carry a key, not to
/// keep anybody out.
pub const DEFAULT_KEY: &str = "demo-key";

/// Tells the starter about every answered request.
pub type OnRequest = Arc<dyn Fn(&Seen) + Send + Sync>;

/// How a demo service is started.
#[derive(Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 lets the system choose a free one.
    pub port: u16,
    /// The key that requests have to carry.
    pub key: String,
    /// How many requests the key may make.
    pub rate_limit: RateLimit,
    /// Called after every request, in the order of the answers.
    pub on_request: Option<OnRequest>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            key: DEFAULT_KEY.to_owned(),
            rate_limit: RateLimit::default(),
            on_request: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("port", &self.port)
            .field("rate_limit", &self.rate_limit)
            .finish_non_exhaustive()
    }
}

/// Why the service could not be started or ended badly.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The port is taken or may not be used.
    #[error("cannot listen on {address}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The accept loop failed.
    #[error("the demo service stopped")]
    Serve(#[source] io::Error),
}

/// A running demo service; dropping it stops it too.
#[derive(Debug)]
pub struct Demo {
    /// The service's address, without a slash at the end.
    pub base_url: String,
    /// The key that requests have to carry.
    pub key: String,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl Demo {
    /// Stops accepting, lets the requests under way finish, and returns when they have.
    pub async fn shutdown(self) -> Result<(), DemoError> {
        // The receiver is gone only if serving has ended already, which is what is asked for.
        let _ = self.stop.send(());
        match self.serving.await {
            Ok(result) => result.map_err(DemoError::Serve),
            Err(join) => Err(DemoError::Serve(io::Error::other(join))),
        }
    }
}

/// Starts the service on 127.0.0.1 and returns as soon as it accepts connections.
///
/// # Errors
/// [`DemoError::Bind`] when the port cannot be had.
pub async fn serve(options: Options) -> Result<Demo, DemoError> {
    let asked = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let bind = |source| DemoError::Bind {
        address: asked,
        source,
    };
    let listener = TcpListener::bind(asked).await.map_err(bind)?;
    let address = listener.local_addr().map_err(bind)?;
    let key = options.key.clone();
    let gate = Gate::new(options.key, options.rate_limit, options.on_request);
    let router = router(Arc::new(Service::new(Arc::new(gate))));
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(async move {
                // A dropped sender means that the starter is gone: stop as well.
                let _ = stopped.await;
            })
            .await
    });
    Ok(Demo {
        base_url: format!("http://{address}"),
        key,
        stop,
        serving,
    })
}
