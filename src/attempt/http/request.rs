//! A request with everything filled in, and what becomes of it at a redirect.

use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHORIZATION,
};
use reqwest::{Method, StatusCode, Url};

use super::super::secrets::Values;
use super::super::texts;
use crate::run::Spec;
use crate::workflow::{Body, Filled, Http};

/// Ready to be sent, as often as needed.
#[derive(Clone)]
pub(in super::super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) basic_auth: Option<(String, String)>,
    pub(super) body: Option<Vec<u8>>,
    body_has_secret: bool,
}

impl Request {
    /// `Err` says in words what cannot be sent.
    pub(super) fn new(spec: &Spec, http: &Http<Filled>, values: &Values) -> Result<Self, String> {
        let url = values.fill(&http.url)?;
        let url =
            Url::parse(&url).map_err(|e| format!("`{}` is not a URL: {e}", http.url.masked()))?;
        let method = Method::from_bytes(http.method.as_bytes())
            .map_err(|_| format!("`{}` is not a method", http.method))?;
        let mut headers = HeaderMap::new();
        for (name, text) in &http.headers {
            let mut value = header_value(name, &values.fill(text)?)?;
            value.set_sensitive(text.secrets().next().is_some());
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("`{name}` is not a header name"))?;
            headers.append(name, value);
        }
        if http.idempotency_key {
            let value = header_value("Idempotency-Key", &spec.idempotency_key)?;
            headers.insert("idempotency-key", value);
        }
        let body = http.body.as_ref().map(|b| encode(b, values)).transpose()?;
        if let Some((_, kind)) = &body {
            headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static(kind));
        }
        let basic_auth = match &http.basic_auth {
            Some((user, password)) => Some((values.fill(user)?, values.fill(password)?)),
            None => None,
        };
        Ok(Self {
            method,
            url,
            headers,
            basic_auth,
            body: body.map(|(bytes, _)| bytes),
            body_has_secret: http.body.as_ref().is_some_and(|body| {
                texts::of_body(body)
                    .iter()
                    .any(|t| t.secrets().next().is_some())
            }),
        })
    }

    /// Without secrets.
    pub(in super::super) fn plain(
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Self {
        Self {
            method,
            url,
            headers,
            basic_auth: None,
            body: Some(body),
            body_has_secret: false,
        }
    }

    /// The request that answers a redirect to `target`. Nothing secret goes to another host.
    pub(super) fn redirected(mut self, status: StatusCode, target: Url) -> Result<Self, String> {
        if self.url.scheme() == "https" && target.scheme() == "http" {
            return Err("refused to follow a redirect from https to http".to_owned());
        }
        let origin = |url: &Url| {
            (
                url.host_str().map(str::to_owned),
                url.port_or_known_default(),
            )
        };
        let elsewhere = origin(&self.url) != origin(&target);
        let keeps_method = matches!(
            status,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        );
        if !keeps_method && self.method != Method::HEAD && self.method != Method::GET {
            self.method = Method::GET;
            self.body = None;
            self.headers.remove(CONTENT_TYPE);
            self.headers.remove(CONTENT_LENGTH);
        }
        if elsewhere {
            if self.body.is_some() && self.body_has_secret {
                return Err(format!(
                    "refused to send a secret on to {}",
                    target.host_str().unwrap_or_default()
                ));
            }
            self.basic_auth = None;
            for name in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION] {
                self.headers.remove(name);
            }
            let secret: Vec<HeaderName> = self
                .headers
                .iter()
                .filter(|(_, value)| value.is_sensitive())
                .map(|(name, _)| name.clone())
                .collect();
            for name in secret {
                self.headers.remove(name);
            }
        }
        self.url = target;
        Ok(self)
    }
}

fn header_value(name: &str, text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text)
        .map_err(|_| format!("the value of header `{name}` holds a character that no header may"))
}

fn encode(body: &Body<Filled>, values: &Values) -> Result<(Vec<u8>, &'static str), String> {
    Ok(match body {
        Body::Text(text) => (values.fill(text)?.into_bytes(), "text/plain; charset=utf-8"),
        Body::Json(tree) => (
            values.fill_tree(tree)?.to_string().into_bytes(),
            "application/json",
        ),
        Body::Form(pairs) => {
            let mut url = Url::parse("http://form/").map_err(|e| e.to_string())?;
            for (key, text) in pairs {
                url.query_pairs_mut().append_pair(key, &values.fill(text)?);
            }
            let text = url.query().unwrap_or_default().to_owned();
            (text.into_bytes(), "application/x-www-form-urlencoded")
        }
    })
}
