//! From the user's kubeconfig to a client, as kubectl would.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use kube::Client;
use kube::config::{
    AuthInfo, Config, ExecInteractiveMode, KubeConfigOptions, Kubeconfig, NamedAuthInfo,
};

use super::trouble;
use crate::attempt::call::{Context, Trouble};
use crate::attempt::secrets::variables;
use crate::workflow::KubernetesDoc;

/// A connection on which nothing comes for so long is taken for dead: a network that swallows packets tells nobody. Longer than the
/// minute after which a server itself gives up a request. Of the program that runs quietly in a pod, the answers to the client's
/// pings come in time; a log that is quiet for longer is followed anew. What is written does not put it off: into a dead
/// connection one can write for a quarter of an hour.
const SILENCE: Duration = Duration::from_secs(90);

/// Who asks whom; every message names them.
#[derive(Clone, Debug)]
pub(super) struct Who {
    /// Empty inside a cluster, where there are no contexts.
    pub(super) context: String,
    pub(super) server: String,
    pub(super) user: String,
    pub(super) namespace: String,
}

impl Who {
    /// The beginning of a message.
    pub(super) fn place(&self) -> String {
        if self.context.is_empty() {
            return format!("this cluster ({})", self.server);
        }
        format!("context {} ({})", self.context, self.server)
    }
}

/// Nothing is asked of the server yet. Plugins that fetch credentials run here, without a terminal to ask at.
pub(super) async fn login(
    ask: &KubernetesDoc,
    cx: &Context<'_, '_>,
) -> Result<(Client, Who), Trouble> {
    let (mut config, mut who) = match kubeconfig(ask, cx)? {
        Some(kubeconfig) => of_kubeconfig(kubeconfig, ask, cx).await?,
        None => of_this_pod(ask)?,
    };
    if let Some(namespace) = &ask.namespace {
        config.default_namespace.clone_from(namespace);
    }
    who.namespace.clone_from(&config.default_namespace);
    // What may be repeated is decided per call, where it is known what it means.
    config.default_retry = false;
    bounded(&mut config, SILENCE);
    let plugin = config.auth_info.exec.clone();
    // A plugin may take its time, and what cancels must be heard meanwhile.
    let made = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
    match made {
        Ok(Ok(client)) => Ok((client, who)),
        Ok(Err(error)) => Err(Trouble::Failed(trouble::login(
            &error,
            plugin.as_ref(),
            &who,
        ))),
        Err(_) => Err(Trouble::Failed(format!(
            "{}: the login broke off",
            who.place()
        ))),
    }
}

fn bounded(config: &mut Config, silence: Duration) {
    config.read_timeout = Some(silence);
    config.reset_reader_on_write = false;
}

/// The merged kubeconfig files; `None` if there are none and this is a pod.
fn kubeconfig(ask: &KubernetesDoc, cx: &Context<'_, '_>) -> Result<Option<Kubeconfig>, Trouble> {
    let home = cx.env("HOME").map(PathBuf::from);
    let paths: Vec<PathBuf> = if let Some(path) = &ask.kubeconfig {
        vec![in_home(path, home.as_ref())]
    } else if let Some(paths) = cx.env("KUBECONFIG").filter(|paths| !paths.is_empty()) {
        std::env::split_paths(&paths)
            .filter(|path| !path.as_os_str().is_empty())
            .collect()
    } else {
        let default = home.map(|home| home.join(".kube/config"));
        let default = default.filter(|path| path.exists());
        if default.is_none() && in_a_pod() {
            return Ok(None);
        }
        default.into_iter().collect()
    };
    let (there, missing): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.exists());
    if there.is_empty() {
        let looked = missing.first().map_or_else(
            || "neither KUBECONFIG nor ~/.kube/config is there".to_owned(),
            |path| format!("{} is not there", path.display()),
        );
        return Err(Trouble::Failed(format!(
            "no kubeconfig: {looked}; say `kubeconfig:` or set KUBECONFIG in the step's env"
        )));
    }
    let mut merged = Kubeconfig::default();
    for path in there {
        let read = Kubeconfig::read_from(&path).and_then(|next| merged.merge(next));
        merged =
            read.map_err(|e| Trouble::Failed(format!("kubeconfig {}: {e}", path.display())))?;
    }
    Ok(Some(merged))
}

fn in_home(path: &str, home: Option<&PathBuf>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

fn in_a_pod() -> bool {
    std::path::Path::new("/var/run/secrets/kubernetes.io/serviceaccount/token").exists()
}

async fn of_kubeconfig(
    mut kubeconfig: Kubeconfig,
    ask: &KubernetesDoc,
    cx: &Context<'_, '_>,
) -> Result<(Config, Who), Trouble> {
    let named = ask
        .context
        .clone()
        .or_else(|| kubeconfig.current_context.clone());
    let named = named.filter(|name| !name.is_empty());
    let names: Vec<&str> = kubeconfig
        .contexts
        .iter()
        .map(|c| c.name.as_str())
        .collect();
    let names = names.join(", ");
    let Some(context) = named else {
        let why = format!("the kubeconfig has no current context; say `context:`, one of {names}");
        return Err(Trouble::Failed(why));
    };
    let found = kubeconfig.contexts.iter().find(|c| c.name == context);
    let Some(found) = found.and_then(|c| c.context.clone()) else {
        let why = format!("the kubeconfig has no context {context}, only {names}");
        return Err(Trouble::Failed(why));
    };
    let user = found.user.unwrap_or_default();
    for info in &mut kubeconfig.auth_infos {
        quiet(info, &user, cx);
    }
    let options = KubeConfigOptions {
        context: Some(context.clone()),
        ..KubeConfigOptions::default()
    };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .map_err(|e| Trouble::Failed(format!("context {context}: {e}")))?;
    let who = Who {
        server: config
            .cluster_url
            .to_string()
            .trim_end_matches('/')
            .to_owned(),
        context,
        user,
        namespace: String::new(),
    };
    Ok((config, who))
}

/// A plugin gets no input, since ours are the engine's orders; and the environment that the step declares.
fn quiet(info: &mut NamedAuthInfo, user: &str, cx: &Context<'_, '_>) {
    let exec = info
        .auth_info
        .as_mut()
        .and_then(|info: &mut AuthInfo| info.exec.as_mut());
    let Some(exec) = exec.filter(|_| info.name == user) else {
        return;
    };
    exec.interactive_mode = Some(ExecInteractiveMode::Never);
    let own = exec.env.get_or_insert_default();
    let mut declared: Vec<HashMap<String, String>> = Vec::new();
    for (name, _) in &cx.spec.env {
        if let Some(value) = cx.env(name) {
            let entry = [
                ("name".to_owned(), name.clone()),
                ("value".to_owned(), value),
            ];
            declared.push(entry.into());
        }
    }
    // What the kubeconfig says wins.
    declared.append(own);
    *own = declared;
    // It inherits ours, but for the sources of secrets, which go only where they are named.
    let named = |variable: &&str| {
        let mut names = own.iter().filter_map(|entry| entry.get("name"));
        names.any(|name| name == variable)
    };
    let hidden = variables(&cx.spec.secrets).filter(|variable| !named(variable));
    exec.drop_env = Some(hidden.map(str::to_owned).collect());
}

fn of_this_pod(ask: &KubernetesDoc) -> Result<(Config, Who), Trouble> {
    if let Some(context) = &ask.context {
        let why = format!("there is no kubeconfig, so there is no context {context}");
        return Err(Trouble::Failed(why));
    }
    let config = Config::incluster()
        .map_err(|e| Trouble::Failed(format!("the service account of this pod: {e}")))?;
    let who = Who {
        context: String::new(),
        server: config
            .cluster_url
            .to_string()
            .trim_end_matches('/')
            .to_owned(),
        user: "the service account of this pod".to_owned(),
        namespace: String::new(),
    };
    Ok((config, who))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kube::Client;
    use kube::config::Config;

    use super::bounded;

    #[tokio::test]
    async fn a_server_that_says_nothing_any_more_is_not_waited_for_without_end() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut config = Config::new(format!("http://127.0.0.1:{port}").parse().unwrap());
        bounded(&mut config, Duration::from_millis(50));
        let client = Client::try_from(config).unwrap();
        let version = client.apiserver_version();
        let answer = tokio::time::timeout(Duration::from_secs(30), version).await;
        assert!(answer.is_ok_and(|answer| answer.is_err()));
    }
}
