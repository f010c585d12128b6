//! What is wrong with a document: all of it at once, each with where, why and what to do.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits::{MAX_ISSUES, MAX_NAME_CHARS};

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

    /// The same issue of a part that stands at `place` in its document.
    pub(crate) fn below(mut self, place: &str) -> Self {
        self.path.insert_str(0, place);
        self
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

    /// Notes an issue at a JSON pointer.
    pub(crate) fn note(
        &mut self,
        code: &'static str,
        path: impl Into<String>,
        cause: impl Into<String>,
        action: impl Into<String>,
    ) {
        self.push(Issue::new(code, path, cause, action));
    }

    /// The number, where it is within these; otherwise the least, with an issue.
    pub(crate) fn whole(&mut self, path: &str, value: i64, least: i64, most: i64) -> i64 {
        if (least..=most).contains(&value) {
            return value;
        }
        self.note(
            "number_out_of_range",
            path,
            format!("the number is {value}"),
            format!("give a whole number from {least} to {most}"),
        );
        least
    }

    /// A name must be there, of sane length, and printable.
    pub(crate) fn name(&mut self, path: &str, name: &str) {
        if name.trim().is_empty() {
            self.note("name_empty", path, "the name is empty", "give a name");
        } else if name.len() > 4 * MAX_NAME_CHARS || name.chars().count() > MAX_NAME_CHARS {
            let cause = format!("the name has more than {MAX_NAME_CHARS} characters");
            self.note("name_too_long", path, cause, "shorten it");
        } else if name.chars().any(char::is_control) {
            let cause = "the name has control characters";
            self.note("name_has_control_characters", path, cause, "use printable characters");
        }
    }

    /// Ids of a list must be names, and unique. Returns where each stands.
    pub(crate) fn ids<'a>(&mut self, list: &str, ids: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
        let mut seen = HashMap::new();
        for (at, id) in ids.enumerate() {
            let path = format!("{list}/{at}/id");
            self.name(&path, id);
            if let Some(first) = seen.get(id) {
                let cause = format!("{id:?} is already the id of {list}/{first}");
                self.note("duplicate_id", &path, cause, "give each its own id");
            } else {
                seen.insert(id, at);
            }
        }
        seen
    }

    /// How many there are, those that are not listed among them.
    pub(crate) fn count(&self) -> usize {
        self.found.len() + self.unlisted
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

/// Reads a part of a document that stands at `place` in it.
pub(crate) fn read_json_value<T: DeserializeOwned>(value: &serde_json::Value, place: &str) -> Result<T, Vec<Issue>> {
    serde_path_to_error::deserialize(value).map_err(|error| vec![from_json_error(&error).below(place)])
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
