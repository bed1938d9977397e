//! What Prometheus knows. A series that is not there is no data, and never 0.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value as Json, json};

use super::super::call::{Answer, Context, Trouble};
use super::super::http::{Fetch, fetch};
use crate::workflow::{PrometheusDoc, RangeDoc};

const LIMIT: Duration = Duration::from_secs(30);
const STEP: Duration = Duration::from_secs(15);
/// More are counted, not kept.
const SERIES_MAX: usize = 200;

pub(super) async fn prometheus(
    doc: &PrometheusDoc,
    cx: &Context<'_, '_>,
) -> Result<Answer, Trouble> {
    if doc.alerts == Some(true) {
        return Ok(alerts(&ask(doc, "alerts", &[]).await?, cx));
    }
    let query = doc.query.clone().unwrap_or_default();
    let mut pairs = vec![("query", query)];
    let path = if let Some(range) = &doc.range {
        pairs.extend(span(range)?);
        "query_range"
    } else {
        pairs.extend(doc.time.clone().map(|time| ("time", time)));
        "query"
    };
    let data = ask(doc, path, &pairs).await?;
    Ok(values(&data, cx))
}

/// Start, end and step of a range.
fn span(range: &RangeDoc) -> Result<Vec<(&'static str, String)>, Trouble> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs_f64();
    let end = range.end.clone().unwrap_or_else(|| format!("{now:.3}"));
    let start = match (&range.start, range.span()) {
        (Some(start), _) => start.clone(),
        (None, Some(span)) => format!("{:.3}", seconds(&end)? - span.as_secs_f64()),
        (None, None) => return Err(Trouble::Failed("the range has no start".to_owned())),
    };
    let step = range.step().unwrap_or(STEP).as_secs_f64().to_string();
    Ok(vec![("start", start), ("end", end), ("step", step)])
}

fn seconds(moment: &str) -> Result<f64, Trouble> {
    if let Ok(seconds) = moment.parse() {
        return Ok(seconds);
    }
    let parsed: Result<jiff::Timestamp, _> = moment.parse();
    let wrong = |_| Trouble::Failed(format!("`{moment}` is not a moment"));
    Ok(parsed.map_err(wrong)?.as_millisecond() as f64 / 1000.0)
}

/// The `data` of its answer.
async fn ask(doc: &PrometheusDoc, path: &str, query: &[(&str, String)]) -> Result<Json, Trouble> {
    let url = doc.url.as_deref().unwrap_or_default().trim_end_matches('/');
    let headers: Vec<(String, String)> = doc.headers.clone().into_iter().flatten().collect();
    let request = Fetch {
        url: &format!("{url}/api/v1/{path}"),
        query,
        headers: &headers,
        bearer: doc.bearer.as_deref(),
        allow_hosts: doc.allow_hosts.as_deref().unwrap_or_default(),
    };
    let (status, body) = fetch(&request, LIMIT).await?;
    let mut answer: Json = serde_json::from_slice(&body).unwrap_or_default();
    if answer["status"] == "success" {
        return Ok(answer["data"].take());
    }
    let kind = answer["errorType"].as_str().unwrap_or_default();
    let words = match answer["error"].as_str() {
        Some(error) => format!("{error} ({kind}, status {status})"),
        None => format!("status {status}, and not an answer of Prometheus"),
    };
    match (status, kind) {
        // It took too long this time, or the server is not ready.
        (429 | 500.., _) | (_, "timeout" | "canceled") => Err(Trouble::Unreached(format!(
            "Prometheus cannot answer: {words}"
        ))),
        (_, "bad_data" | "execution") => Err(Trouble::Failed(format!(
            "Prometheus refuses the query: {words}"
        ))),
        _ => Err(Trouble::Failed(format!("Prometheus refuses: {words}"))),
    }
}

/// Instant and range: `value` is a number if there is one series, that of its last moment.
fn values(data: &Json, cx: &Context<'_, '_>) -> Answer {
    let result = &data["result"];
    let series: Vec<Json> = match data["resultType"].as_str() {
        Some("scalar" | "string") => vec![json!({"labels": {}, "value": number(&result[1])})],
        _ => result
            .as_array()
            .into_iter()
            .flatten()
            .map(one_series)
            .collect(),
    };
    let value = match series.as_slice() {
        [one] => one["value"].clone(),
        _ => Json::Null,
    };
    let words = match (series.len(), &value) {
        (0, _) => "no data: no series matches".to_owned(),
        (1, Json::Null) => "value is not a number".to_owned(),
        (1, value) => format!("value {value}"),
        (n, _) => format!("{n} series, so no single value"),
    };
    cx.status(&words);
    cx.found(words);
    let mut answer = Map::new();
    answer.insert("value".to_owned(), value);
    answer.insert("no_data".to_owned(), json!(series.is_empty()));
    answer.insert("series".to_owned(), kept(series, cx));
    answer
}

fn kept(mut list: Vec<Json>, cx: &Context<'_, '_>) -> Json {
    if list.len() > SERIES_MAX {
        cx.say(&format!(
            "{}, of which the first {SERIES_MAX} are kept",
            list.len()
        ));
        list.truncate(SERIES_MAX);
    }
    Json::from(list)
}

fn one_series(series: &Json) -> Json {
    let labels = &series["metric"];
    match series["values"].as_array() {
        Some(values) => {
            let points = values.iter();
            let points: Vec<Json> = points
                .map(|p| json!({"time": p[0], "value": number(&p[1])}))
                .collect();
            let last = points
                .last()
                .map_or(Json::Null, |point| point["value"].clone());
            json!({"labels": labels, "value": last, "values": points})
        }
        None => json!({"labels": labels, "value": number(&series["value"][1])}),
    }
}

/// Numbers come as texts. NaN and infinities are none here, and compared with nothing.
fn number(text: &Json) -> Json {
    let number = text.as_str().and_then(|text| text.parse::<f64>().ok());
    match number.filter(|n| n.is_finite()) {
        Some(whole) if whole.fract() == 0.0 && whole.abs() < 9e15 => Json::from(whole as i64),
        Some(number) => json!(number),
        None => Json::Null,
    }
}

/// `value` is how many fire.
fn alerts(data: &Json, cx: &Context<'_, '_>) -> Answer {
    let list = data["alerts"].as_array().into_iter().flatten();
    let list: Vec<Json> = list
        .map(|alert| {
            json!({
                "name": alert["labels"]["alertname"],
                "state": alert["state"],
                "labels": alert["labels"],
                "annotations": alert["annotations"],
                "since": alert["activeAt"],
                "value": number(&alert["value"]),
            })
        })
        .collect();
    let firing: Vec<&str> = list
        .iter()
        .filter(|alert| alert["state"] == "firing")
        .filter_map(|alert| alert["name"].as_str())
        .collect();
    let words = match firing.as_slice() {
        [] => format!("no alert fires, {} pending", list.len()),
        names => format!("{} firing: {}", names.len(), names.join(", ")),
    };
    cx.status(&words);
    cx.found(words);
    let mut answer = Map::new();
    answer.insert("value".to_owned(), json!(firing.len()));
    answer.insert("alerts".to_owned(), kept(list, cx));
    answer
}
