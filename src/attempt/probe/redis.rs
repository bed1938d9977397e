//! A Redis server: whether it answers, what it is, how far behind.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::time::timeout;

use super::super::call::{Answer, Context, Trouble};
use super::super::tls::{self, Shown};
use super::tcp::{CONNECT, connect};
use super::tls::handshake;
use crate::workflow::{RedisDoc, TlsWord};

const LIMIT: Duration = Duration::from_secs(10);
/// Bytes of an answer; `INFO` has a few thousand.
const ANSWER_MAX: usize = 1 << 20;

pub(super) async fn redis(doc: &RedisDoc, cx: &Context<'_, '_>) -> Result<Answer, Trouble> {
    let address = doc.address.as_deref().unwrap_or_default();
    let stream = connect(address, CONNECT).await?;
    let asked = match doc.tls {
        None | Some(TlsWord::Off) => timeout(LIMIT, ask(stream, doc)).await,
        Some(word) => {
            let config = match word {
                TlsWord::Verify => tls::verifying(doc.ca.as_deref(), Shown::default()),
                _ => tls::unverified(),
            };
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            let config = config.map_err(Trouble::Failed)?;
            let stream = handshake(stream, host, config, CONNECT).await?;
            timeout(LIMIT, ask(stream, doc)).await
        }
    };
    let info = match asked {
        Ok(Ok(info)) => info,
        Ok(Err(trouble)) => return Err(trouble),
        Err(_) => {
            let why = format!("{address} is connected, but does not answer");
            return Err(Trouble::Unreached(why));
        }
    };
    let value = standing(&info);
    let words = in_words(&value);
    cx.status(&words);
    cx.found(words);
    Ok(Answer::from_iter([("value".to_owned(), value)]))
}

/// What `INFO` says: lines `key:value`.
async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    doc: &RedisDoc,
) -> Result<String, Trouble> {
    let mut stream = BufReader::new(stream);
    if let Some(password) = &doc.password {
        let mut words = vec!["AUTH"];
        words.extend(doc.user.as_deref());
        words.push(password);
        exchange(&mut stream, &words).await?;
    }
    exchange(&mut stream, &["PING"]).await?;
    exchange(&mut stream, &["INFO", "everything"]).await
}

/// One command and its answer, which is one line or one text.
async fn exchange(
    stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    words: &[&str],
) -> Result<String, Trouble> {
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        let _ = write!(command, "${}\r\n{word}\r\n", word.len());
    }
    let lost = |e: std::io::Error| Trouble::Unreached(format!("the connection was cut: {e}"));
    stream.write_all(command.as_bytes()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let mut line = String::new();
    let mut head = stream.take(512);
    head.read_line(&mut line).await.map_err(lost)?;
    let line = line.trim_end();
    match line.split_at_checked(1) {
        Some(("+", word)) => Ok(word.to_owned()),
        Some(("-", why)) => Err(refused(why)),
        Some(("$", length)) => {
            let length: usize = length.parse().unwrap_or(usize::MAX);
            if length > ANSWER_MAX {
                return Err(Trouble::Failed("its answer is too long".to_owned()));
            }
            let mut text = vec![0; length + 2];
            head.into_inner()
                .read_exact(&mut text)
                .await
                .map_err(lost)?;
            text.truncate(length);
            Ok(String::from_utf8_lossy(&text).into_owned())
        }
        None => Err(Trouble::Unreached("it closed the connection".to_owned())),
        _ => Err(Trouble::Failed("what answers is not Redis".to_owned())),
    }
}

/// In the words of the server. It refuses for a while when it loads its data or is too busy.
fn refused(why: &str) -> Trouble {
    let words = format!("Redis refuses: {why}");
    match why.split(' ').next() {
        Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "ERR") => Trouble::Failed(words),
        _ => Trouble::Unreached(words),
    }
}

/// What is not known is left out: null would compare as less than anything.
fn standing(info: &str) -> Json {
    let get = |key: &str| {
        let mut lines = info.lines();
        lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
    };
    let number = |key: &str| get(key).and_then(|text| text.parse::<i64>().ok());
    let is_replica = get("role") == Some("slave");
    let mut value = Map::new();
    let mut put = |key: &str, found: Option<Json>| {
        if let Some(found) = found {
            value.insert(key.to_owned(), found);
        }
    };
    put(
        "role",
        Some(json!(if is_replica { "replica" } else { "master" })),
    );
    put(
        "connected_replicas",
        number("connected_slaves").map(Json::from),
    );
    put("loading", Some(json!(number("loading") == Some(1))));
    put("version", get("redis_version").map(Json::from));
    if is_replica {
        let up = get("master_link_status") == Some("up");
        put("link_up", Some(json!(up)));
        put(
            "syncing",
            Some(json!(number("master_sync_in_progress") == Some(1))),
        );
        // Seconds since the master was last heard.
        let silent = number("master_last_io_seconds_ago").filter(|n| up && *n >= 0);
        put("lag", silent.map(Json::from));
    } else {
        put("lag", slowest(info).map(Json::from));
    }
    Json::Object(value)
}

/// The lag of the replica that is furthest behind: `slave0:ip=..,port=..,state=online,offset=1,lag=0`.
fn slowest(info: &str) -> Option<i64> {
    let replicas = info.lines().filter(|line| {
        let number = line
            .strip_prefix("slave")
            .and_then(|rest| rest.split(':').next());
        number.is_some_and(|n| n.parse::<u32>().is_ok())
    });
    let lags = replicas.filter_map(|line| line.rsplit_once("lag=")?.1.trim().parse().ok());
    lags.max()
}

fn in_words(value: &Json) -> String {
    let role = value["role"].as_str().unwrap_or_default();
    let lag = value.get("lag").map(|lag| format!(", lag {lag} s"));
    let lag = lag.unwrap_or_default();
    if value["loading"] == true {
        return format!("{role} that loads its data");
    }
    if role == "replica" {
        let link = if value["link_up"] == true {
            ""
        } else {
            " without its master"
        };
        return format!("replica{link}{lag}");
    }
    let replicas = value["connected_replicas"].as_i64().unwrap_or_default();
    let s = if replicas == 1 { "" } else { "s" };
    format!("master, {replicas} replica{s}{lag}")
}
