//! Answers in XML.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// An element with what is in it so far.
pub(crate) struct Element {
    name: &'static str,
    content: String,
    namespace: bool,
}

impl Element {
    pub fn new(name: &'static str) -> Self {
        Self { name, content: String::new(), namespace: false }
    }

    /// One of S3's own answers.
    pub fn root(name: &'static str) -> Self {
        Self { namespace: true, ..Self::new(name) }
    }

    /// Adds an element that holds a text.
    pub fn text(mut self, name: &str, text: impl AsRef<str>) -> Self {
        self.content.push_str(&format!("<{name}>{}</{name}>", escaped(text.as_ref())));
        self
    }

    /// Adds an element.
    pub fn child(mut self, child: Self) -> Self {
        self.content.push_str(&child.written());
        self
    }

    fn written(&self) -> String {
        let space = if self.namespace { format!(" xmlns=\"{NAMESPACE}\"") } else { String::new() };
        format!("<{0}{space}>{1}</{0}>", self.name, self.content)
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Not to be written in XML 1.0 at all.
            other if other.is_control() => out.push('\u{FFFD}'),
            other => out.push(other),
        }
    }
    out
}

pub(crate) fn answer(status: StatusCode, root: Element) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", root.written());
    (status, [(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

pub(crate) fn with_id(mut answer: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        answer.headers_mut().insert("x-amz-request-id", value);
    }
    answer
}
