//! What is wrong with a document: all of it at once, each with where, why and what to do.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::limits::MAX_ISSUES;

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Issue {
    /// Stable name of the kind of mistake, for programs: `call_fits_no_berth`.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "window_ends_before_it_begins"))]
    pub code: Cow<'static, str>,
    /// JSON pointer (RFC 6901) into the document; empty for the document as a whole.
    #[cfg_attr(feature = "openapi", schema(example = "/berths/1/closures/0"))]
    pub path: String,
    /// What is wrong, with the values that make it so.
    pub cause: String,
    /// What would mend it.
    pub action: String,
}

impl Issue {
    /// An issue at a JSON pointer.
    pub fn new(
        code: &'static str,
        path: impl Into<String>,
        cause: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        Self { code: Cow::Borrowed(code), path: path.into(), cause: cause.into(), action: action.into() }
    }
}

impl std::fmt::Display for Issue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.path.is_empty() { "document" } else { &self.path };
        write!(f, "{place}: {} ({}); {}", self.cause, self.code, self.action)
    }
}

/// Issues as they are found. Holds the first [`MAX_ISSUES`] and counts the rest, so that a hostile
/// document costs bounded memory.
#[derive(Debug, Default)]
pub struct Issues {
    found: Vec<Issue>,
    unlisted: usize,
}

impl Issues {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes one more.
    pub fn push(&mut self, issue: Issue) {
        if self.found.len() < MAX_ISSUES {
            self.found.push(issue);
        } else {
            self.unlisted += 1;
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// `Ok(value)` where nothing was found, otherwise every issue.
    pub fn into_result<T>(self, value: T) -> Result<T, Vec<Issue>> {
        if self.is_empty() { Ok(value) } else { Err(self.into_vec()) }
    }

    /// The list, with a closing entry where some were left off.
    pub fn into_vec(mut self) -> Vec<Issue> {
        if self.unlisted > 0 {
            self.found.push(Issue::new(
                "more_issues",
                "",
                format!("{} more issues are not listed", self.unlisted),
                "mend the listed ones and validate again",
            ));
        }
        self.found
    }
}

/// One step of a JSON pointer: a slash and the key, escaped as RFC 6901 asks.
pub(crate) fn pointer_token(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Turns a deserializer's complaint into an issue with a JSON pointer.
pub(crate) fn from_json_error(error: &serde_path_to_error::Error<serde_json::Error>) -> Issue {
    use serde_path_to_error::Segment;
    let mut path = String::new();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => path.push_str(&pointer_token(&index.to_string())),
            Segment::Map { key } => path.push_str(&pointer_token(key)),
            Segment::Enum { variant } => path.push_str(&pointer_token(variant)),
            Segment::Unknown => {}
        }
    }
    let inner = error.inner();
    let cause: String = inner.to_string().chars().take(400).collect();
    if inner.is_data() {
        Issue::new("wrong_shape", path, cause, "send the shape described in /openapi.json")
    } else {
        Issue::new("not_json", path, cause, "send one complete JSON document in UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_number_of_issues_is_counted_not_kept() {
        let mut issues = Issues::new();
        for n in 0..MAX_ISSUES + 7 {
            issues.push(Issue::new("x", format!("/{n}"), "cause", "action"));
        }
        let all = issues.into_vec();
        assert_eq!(all.len(), MAX_ISSUES + 1);
        assert_eq!(all[MAX_ISSUES].cause, "7 more issues are not listed");
    }

    #[test]
    fn pointers_escape_what_rfc_6901_asks() {
        #[derive(Debug, serde::Deserialize)]
        struct Doc {
            #[serde(rename = "a/b~c")]
            _field: Vec<i64>,
        }
        let mut json = serde_json::Deserializer::from_str(r#"{"a/b~c": [1, "two"]}"#);
        let error = serde_path_to_error::deserialize::<_, Doc>(&mut json).expect_err("a string is no number");
        let issue = from_json_error(&error);
        assert_eq!((issue.path.as_str(), issue.code.as_ref()), ("/a~1b~0c/1", "wrong_shape"));
    }
}
