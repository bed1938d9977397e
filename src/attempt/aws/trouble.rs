//! Errors as services tell them, and what is to be done about them.

use roxmltree::Node;
use serde_json::Value as Json;

use super::decode::{Raw, child, document, json};
use crate::aws_model::{Kind, Operation, Protocol, Service};

/// What a service refused, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// Such as `InvalidInstanceID.NotFound`; the status where there is none.
    pub(super) code: String,
    pub(super) message: String,
    pub(super) request_id: Option<String>,
}

/// What may become of the same call at another time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Too many calls: it was not performed.
    Throttled,
    /// It never left.
    Unreached,
    /// Trouble of the service's own: it may have been performed.
    Broken,
    /// It would be refused again.
    Definite,
}

const THROTTLES: [&str; 13] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

impl Refusal {
    pub(super) fn read(service: &Service, raw: &Raw) -> Self {
        let (code, message) = if matches!(
            service.facts().protocol,
            Protocol::Json | Protocol::RestJson
        ) {
            from_json(service, raw)
        } else {
            from_xml(raw)
        };
        let code = code.filter(|code| !code.is_empty());
        Self {
            status: raw.status,
            code: code.unwrap_or_else(|| raw.status.to_string()),
            message: message.unwrap_or_default(),
            request_id: raw.request_id(),
        }
    }

    pub(super) fn class(&self) -> Class {
        // It had begun when it went wrong, whatever the code says.
        if self.status < 300 {
            return Class::Broken;
        }
        if THROTTLES.contains(&self.code.as_str()) || self.status == 429 {
            return Class::Throttled;
        }
        let late = matches!(
            self.code.as_str(),
            "RequestTimeout" | "RequestTimeoutException"
        );
        // 501: what answers does not know the call. What is between here and the service has more numbers of its own.
        if late || (self.status >= 500 && self.status != 501) {
            return Class::Broken;
        }
        Class::Definite
    }

    /// In one line: code, message, status, request id.
    pub(super) fn text(&self) -> String {
        let said = if self.message.is_empty() {
            "no reason given"
        } else {
            self.message.trim_end_matches('.')
        };
        let id = self
            .request_id
            .as_ref()
            .map(|id| format!(", request {id}"))
            .unwrap_or_default();
        let code = if self.code == self.status.to_string() {
            String::new()
        } else {
            format!("{}: ", self.code)
        };
        format!("{code}{said} (HTTP {}{id})", self.status)
    }

    /// What to do about it, where that is known.
    pub(super) fn advice(&self, profile: Option<&str>, region: &str) -> Option<String> {
        let login = || match profile {
            Some(profile) => format!("log in again: `aws sso login --profile {profile}`"),
            None => "log in again, for example by `aws sso login`".to_owned(),
        };
        Some(match self.code.as_str() {
            "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => login(),
            "AuthFailure" | "InvalidClientTokenId" | "UnrecognizedClientException" | "InvalidAccessKeyId"
            | "InvalidSignatureException" | "SignatureDoesNotMatch" => {
                "these credentials are not known or not right here: look at the profile, and at the region".to_owned()
            }
            "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError" => {
                "these credentials may not do it: ask for the permission, or use another profile".to_owned()
            }
            "RequestTimeTooSkewed" => "the clock of this machine is wrong: set it".to_owned(),
            "OptInRequired" | "SubscriptionRequiredException" => {
                format!("the account has not enabled this in {region}")
            }
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
                format!("it is not in {region}: say its `region`")
            }
            "UnknownOperationException" | "InvalidAction" | "UnsupportedOperation" => {
                format!("what answers for {region} does not know this operation")
            }
            _ => return None,
        })
    }
}

/// Whether this is no answer. S3 begins to answer some calls before they are done, and can say only in the body that they
/// went wrong: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>. An object may be any text of its own.
pub(super) fn is_refusal(service: &Service, operation: &Operation, raw: &Raw) -> bool {
    if raw.status >= 300 {
        return true;
    }
    if service.facts().name != "s3" {
        return false;
    }
    let is_raw = matches!(operation.payload(service), Some(Kind::Blob | Kind::String));
    let text = std::str::from_utf8(&raw.body).unwrap_or_default();
    !is_raw && document(text).is_ok_and(|body| body.root_element().tag_name().name() == "Error")
}

type Told = (Option<String>, Option<String>);

fn from_json(service: &Service, raw: &Raw) -> Told {
    let body = json(&raw.body).unwrap_or(Json::Null);
    let text = |names: &[&str]| {
        let found = names.iter().find_map(|name| body.get(name)?.as_str());
        found.map(str::to_owned)
    };
    // `com.amazonaws.ecs#ClusterNotFoundException:http://...`
    let bare = |code: &str| {
        let code = code.split(':').next().unwrap_or(code);
        code.rsplit('#').next().unwrap_or(code).to_owned()
    };
    let older = raw
        .header("x-amzn-query-error")
        .filter(|_| service.facts().query_errors)
        .and_then(|told| told.split(';').next())
        .map(str::to_owned);
    let code = older
        .or_else(|| raw.header("x-amzn-errortype").map(bare))
        .or_else(|| text(&["__type", "code", "Code"]).map(|code| bare(&code)));
    (code, text(&["message", "Message", "errorMessage"]))
}

fn from_xml(raw: &Raw) -> Told {
    let Some(document) = std::str::from_utf8(&raw.body)
        .ok()
        .and_then(|text| document(text).ok())
    else {
        return (None, None);
    };
    let root = document.root_element();
    let is_error = |node: &Node<'_, '_>| node.tag_name().name() == "Error";
    let Some(error) = root.descendants().find(is_error) else {
        return (None, None);
    };
    let text = |name: &str| {
        child(error, name)
            .and_then(|node| node.text())
            .map(str::to_owned)
    };
    (text("Code"), text("Message"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws_model::service;

    fn read(name: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Refusal {
        let headers = headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let raw = Raw {
            status,
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
            file: None,
        };
        Refusal::read(service(name).unwrap(), &raw)
    }

    /// The bodies are those that AWS documents for its protocols.
    #[test]
    fn errors_of_each_protocol_are_read() {
        let ec2 = "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>no i-1.</Message></Error></Errors><RequestID>r1</RequestID></Response>";
        let query = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>r2</RequestId></ErrorResponse>";
        let s3 = "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>slow</Message><RequestId>r3</RequestId></Error>";
        let json = r#"{"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"no"}"#;
        for (name, status, headers, body, text, class) in [
            (
                "ec2",
                400,
                vec![],
                ec2,
                "InvalidInstanceID.NotFound: no i-1 (HTTP 400, request r1)",
                Class::Definite,
            ),
            (
                "rds",
                400,
                vec![],
                query,
                "Throttling: Rate exceeded (HTTP 400, request r2)",
                Class::Throttled,
            ),
            (
                "s3",
                503,
                vec![],
                s3,
                "SlowDown: slow (HTTP 503, request r3)",
                Class::Throttled,
            ),
            (
                "s3",
                404,
                vec![("x-amz-request-id", "r4")],
                "",
                "no reason given (HTTP 404, request r4)",
                Class::Definite,
            ),
            (
                "ecs",
                400,
                vec![],
                json,
                "ClusterNotFoundException: no (HTTP 400)",
                Class::Definite,
            ),
            (
                "sqs",
                400,
                vec![(
                    "x-amzn-query-error",
                    "AWS.SimpleQueueService.NonExistentQueue;Sender",
                )],
                json,
                "AWS.SimpleQueueService.NonExistentQueue: no (HTTP 400)",
                Class::Definite,
            ),
            (
                "lambda",
                429,
                vec![("x-amzn-errortype", "TooManyRequestsException:http://x")],
                "{\"message\":\"m\"}",
                "TooManyRequestsException: m (HTTP 429)",
                Class::Throttled,
            ),
            (
                "ec2",
                502,
                vec![],
                "<html>bad</html>",
                "no reason given (HTTP 502)",
                Class::Broken,
            ),
        ] {
            let refusal = read(name, status, &headers, body);
            assert_eq!(
                (refusal.text().as_str(), refusal.class()),
                (text, class),
                "{body}"
            );
        }
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>: "a 200 OK response can contain either a success
    /// or an error".
    #[test]
    fn what_s3_tells_in_the_body_of_a_good_answer_is_heard() {
        let error = "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>";
        let slow = format!("  \n{error}");
        let copied = "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>";
        for (name, action, status, body, expected) in [
            ("s3", "CopyObject", 200, error, true),
            ("s3", "UploadPartCopy", 200, &slow, true),
            ("s3", "CompleteMultipartUpload", 200, error, true),
            ("s3", "CopyObject", 200, copied, false),
            ("s3", "DeleteObject", 204, "", false),
            // The object itself, or what somebody has put there.
            ("s3", "GetObject", 200, error, false),
            ("ec2", "DescribeInstances", 200, error, false),
            ("ec2", "DescribeInstances", 400, "", true),
        ] {
            let service = service(name).unwrap();
            let raw = Raw {
                status,
                headers: Vec::new(),
                body: body.as_bytes().to_vec(),
                file: None,
            };
            let operation = service.operation(action).unwrap();
            let found = is_refusal(service, &operation, &raw);
            assert_eq!(found, expected, "{action} {body}");
        }
        let told = read("s3", 200, &[], error);
        assert_eq!(
            (told.text().as_str(), told.class()),
            (
                "InternalError: We encountered an internal error (HTTP 200)",
                Class::Broken
            )
        );
        assert_eq!(read("s3", 529, &[], "").class(), Class::Broken);
        assert_eq!(read("s3", 501, &[], "").class(), Class::Definite);
    }
}
