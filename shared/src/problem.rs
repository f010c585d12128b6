//! What every problem offers, and the list of them.
//!
//! [`Problem`] is the typed contract that a library user sees. [`AnyProblem`] is the same contract
//! with JSON at both ends, which lets the command line and the HTTP API carry a problem they know by
//! name only: a new problem is a new entry in [`registry`] and nothing else.

use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::answer::{Answer, AnyAnswer, Document, to_json};
use crate::budget::{Budget, Clock};
use crate::issue::{self, Issue};
use crate::limits::MAX_DOCUMENT_BYTES;
use crate::options::Options;
use crate::outcome::{Level, Outcome, Progress};

/// A planning problem.
pub trait Problem: Sized + 'static {
    /// As in `/v1/{NAME}/plans`.
    const NAME: &'static str;
    /// Raised whenever the same request may get another answer; part of a plan's fingerprint.
    const VERSION: u32;
    /// Whether [`Problem::what_if`] has answers.
    const OFFERS_WHAT_IF: bool = false;
    /// The request, as a user writes it.
    type Wire: Serialize + DeserializeOwned + Clone + Send + Sync;
    /// The validated, immutable problem.
    type Instance: Send + Sync;
    /// A solution in dense indices.
    type Solution: Clone + Send;
    /// Evidence for the lower bound.
    type Certificate: Serialize + DeserializeOwned + Clone + Send;
    /// The solution, as a user reads it.
    type Plan: Serialize + DeserializeOwned + Clone + Send;

    /// The options in a request.
    fn options(wire: &Self::Wire) -> Option<&Options>;
    /// The same request with other options.
    fn with_options(wire: Self::Wire, options: Option<Options>) -> Self::Wire;
    /// Validates a request, or says everything that is wrong with it.
    fn instance(wire: &Self::Wire) -> Result<Self::Instance, Vec<Issue>>;
    /// Whether a JSON object looks like a request of this problem rather than another's, by its names.
    fn is_request(json: &serde_json::Map<String, serde_json::Value>) -> bool;
    /// Reads the field's benchmark text forms; `None` where the text is of none of them. `name` is the file's, without its
    /// extension: some forms keep a number there.
    fn read_text(text: &str, name: Option<&str>) -> Option<Result<Self::Wire, Vec<Issue>>>;
    /// How large an instance is, as the field writes it: `30 x 3`.
    fn size(instance: &Self::Instance) -> String;
    /// Solves within the budget; `watch` hears of every better solution or bound.
    fn solve(
        instance: &Self::Instance,
        budget: &mut Budget<'_>,
        watch: &mut dyn FnMut(&Progress<'_, Self::Solution>),
    ) -> Outcome<Self::Solution, Self::Certificate>;
    /// What would be if some things were other than in a request that has been answered: scenarios in the problem's own shape, each answered from
    /// that answer. `None` where the problem does not offer it.
    fn what_if(
        _wire: &Self::Wire,
        _answer: &Answer<Self::Plan, Self::Certificate>,
        _question: &serde_json::Value,
        _clock: &dyn Clock,
    ) -> Option<Result<serde_json::Value, Vec<Issue>>> {
        None
    }
    /// The relative gap, as [`Outcome::gap`].
    fn gap(instance: &Self::Instance, objective: i64, lower_bound: i64) -> f64;
    /// The objective by priority class.
    fn levels(instance: &Self::Instance, solution: &Self::Solution, lower_bound: i64) -> Vec<Level>;
    /// Writes a solution out for people.
    fn plan(instance: &Self::Instance, solution: &Self::Solution) -> Self::Plan;
    /// Checks an answer's plan, objective and bound against the instance, without the solver. Returns the bound that the
    /// certificate proves: the one claimed, or less where the evidence is the solver's own search.
    fn verify(instance: &Self::Instance, answer: &Answer<Self::Plan, Self::Certificate>)
    -> Result<i64, Vec<Violation>>;
    /// A table for a terminal.
    fn table(instance: &Self::Instance, answer: &Answer<Self::Plan, Self::Certificate>) -> String;
    /// The plan step by step, a picture each, for a terminal; empty where a plan has no steps.
    fn frames(_instance: &Self::Instance, _answer: &Answer<Self::Plan, Self::Certificate>) -> Vec<String> {
        Vec::new()
    }
    /// A picture.
    fn svg(instance: &Self::Instance, answer: &Answer<Self::Plan, Self::Certificate>) -> String;
}

/// Something in an answer that is not true.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Violation {
    /// Stable name of the kind: `berth_shared`, `bound_not_certified`.
    pub code: String,
    /// What is claimed and what is true.
    pub cause: String,
}

impl Violation {
    /// A violation of this kind.
    pub fn new(code: &str, cause: impl Into<String>) -> Self {
        Self { code: code.to_owned(), cause: cause.into() }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.cause, self.code)
    }
}

/// Why an answer document was not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refuted {
    /// The document, or the request in it, is no valid one.
    Invalid(Vec<Issue>),
    /// It claims what is not true.
    Wrong(Vec<Violation>),
}

/// What a confirmed answer document says.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verified {
    /// Which problem.
    pub problem: String,
    /// The cost, recomputed from the plan.
    pub objective: i64,
    /// The bound, recomputed from the certificate.
    pub lower_bound: i64,
    /// The gap between them.
    pub gap: f64,
    /// The bound that the answer claims. Above `lower_bound` where it rests on the solver's own search, which a checker does not
    /// do again.
    pub claimed_lower_bound: i64,
}

/// A problem with JSON at both ends.
pub trait AnyProblem: Send + Sync {
    /// [`Problem::NAME`]
    fn name(&self) -> &'static str;
    /// [`Problem::VERSION`]
    fn version(&self) -> u32;
    /// Reads and validates a request, JSON or benchmark text.
    fn read(&self, document: &[u8]) -> Result<Box<dyn Request>, Vec<Issue>>;
    /// Reads a request without validating it, as JSON; `name` as for [`Problem::read_text`].
    fn read_json(&self, document: &[u8], name: Option<&str>) -> Result<serde_json::Value, Vec<Issue>>;
    /// Whether a document looks like a request of this problem rather than another's.
    fn recognises(&self, document: &[u8], name: Option<&str>) -> bool;
    /// [`Problem::OFFERS_WHAT_IF`]
    fn offers_what_if(&self) -> bool;
    /// Answers what-if scenarios about a request and its answer; `None` where that is not offered, or the answer is not one to the request.
    fn what_if(
        &self,
        request: &[u8],
        answer: &AnyAnswer,
        question: &[u8],
        clock: &dyn Clock,
    ) -> Option<Result<serde_json::Value, Vec<Issue>>>;
    /// Checks a [`Document`].
    fn verify(&self, document: &[u8]) -> Result<Verified, Refuted>;
}

/// A validated request, ready to be solved any number of times.
pub trait Request: Send + Sync {
    /// The problem's name.
    fn problem(&self) -> &'static str;
    /// What the caller asked for.
    fn options(&self) -> &Options;
    /// Replaces what the caller asked for.
    fn set_options(&mut self, options: Options);
    /// The request as canonical JSON: the same bytes for the same meaning, without the options.
    fn canonical(&self) -> Vec<u8>;
    /// The request as JSON, as it was sent.
    fn to_json(&self) -> serde_json::Value;
    /// Solves, then verifies what it found, unless it was abandoned ([`Budget::abandoned_by`]). A violation is a bug in the solver: the
    /// answer is withheld.
    fn solve(&self, budget: &mut Budget<'_>, watch: &mut dyn FnMut(&Snapshot<'_>))
    -> Result<AnyAnswer, Vec<Violation>>;
    /// How large it is, as the field writes it: `30 x 3`.
    fn size(&self) -> String;
    /// A table for a terminal. `None` where the answer is not one to this request.
    fn table(&self, answer: &AnyAnswer) -> Option<String>;
    /// The plan step by step. `None` where the answer is not one to this request.
    fn frames(&self, answer: &AnyAnswer) -> Option<Vec<String>>;
    /// A picture. `None` where the answer is not one to this request.
    fn svg(&self, answer: &AnyAnswer) -> Option<String>;
}

/// How far a running solve is.
pub struct Snapshot<'a> {
    /// Cost of the best plan so far.
    pub objective: i64,
    /// The bound so far.
    pub lower_bound: i64,
    /// The gap between them.
    pub gap: f64,
    /// Work so far.
    pub ticks: u64,
    /// Writes the best plan out; costs more than the numbers, so only on demand.
    pub plan: &'a dyn Fn() -> serde_json::Value,
}

/// Every problem, in the order of the documentation.
pub fn registry() -> &'static [&'static dyn AnyProblem] {
    &[
        &Either::<crate::berth::Berths, crate::berth::quay::Quays>(PhantomData),
        &Erased::<crate::yard::Yards>(PhantomData),
        &Erased::<crate::routing::Routing>(PhantomData),
    ]
}

/// The problem that a document looks like a request of. Later problems are asked first: the text form of berths is any row of
/// numbers, the others' say more of themselves.
pub fn recognise(document: &[u8], name: Option<&str>) -> Option<&'static dyn AnyProblem> {
    registry().iter().rev().copied().find(|problem| problem.recognises(document, name))
}

/// The problem of this name.
pub fn find(name: &str) -> Option<&'static dyn AnyProblem> {
    registry().iter().copied().find(|problem| problem.name() == name)
}

struct Erased<P>(PhantomData<fn() -> P>);

/// Two models of one problem under one name: a document is the second's where it looks like it, and else the first's.
struct Either<A, B>(PhantomData<fn() -> (A, B)>);

impl<A: Problem, B: Problem> Either<A, B> {
    /// The model of a request, which stands in the document at `place`.
    fn model(document: &[u8], name: Option<&str>, place: Place) -> &'static dyn AnyProblem {
        let is_second = match text(document) {
            Some(text) => B::read_text(text, name).is_some(),
            None => names(document, place).is_some_and(|names| B::is_request(&names)),
        };
        if is_second { &Erased::<B>(PhantomData) } else { &Erased::<A>(PhantomData) }
    }
}

/// Where in a document a request stands.
#[derive(Clone, Copy)]
enum Place {
    /// It is the document.
    Whole,
    /// Below `instance`.
    Instance,
}

/// The names in a request, without their values.
#[expect(clippy::zero_sized_map_values, reason = "a reader of JSON objects whose values are skipped")]
fn names(document: &[u8], place: Place) -> Option<serde_json::Map<String, serde_json::Value>> {
    type Names = std::collections::BTreeMap<String, serde::de::IgnoredAny>;
    #[derive(serde::Deserialize)]
    struct Answered {
        instance: Names,
    }
    let names = match place {
        Place::Whole => serde_json::from_slice::<Names>(document).ok()?,
        Place::Instance => serde_json::from_slice::<Answered>(document).ok()?.instance,
    };
    Some(names.into_keys().map(|name| (name, serde_json::Value::Null)).collect())
}

impl<A: Problem, B: Problem> AnyProblem for Either<A, B> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    /// Raised with either.
    fn version(&self) -> u32 {
        A::VERSION + B::VERSION
    }

    fn read(&self, document: &[u8]) -> Result<Box<dyn Request>, Vec<Issue>> {
        Self::model(document, None, Place::Whole).read(document)
    }

    fn read_json(&self, document: &[u8], name: Option<&str>) -> Result<serde_json::Value, Vec<Issue>> {
        Self::model(document, name, Place::Whole).read_json(document, name)
    }

    fn recognises(&self, document: &[u8], name: Option<&str>) -> bool {
        Self::model(document, name, Place::Whole).recognises(document, name)
    }

    fn offers_what_if(&self) -> bool {
        A::OFFERS_WHAT_IF || B::OFFERS_WHAT_IF
    }

    fn what_if(
        &self,
        request: &[u8],
        answer: &AnyAnswer,
        question: &[u8],
        clock: &dyn Clock,
    ) -> Option<Result<serde_json::Value, Vec<Issue>>> {
        Self::model(request, None, Place::Whole).what_if(request, answer, question, clock)
    }

    fn verify(&self, document: &[u8]) -> Result<Verified, Refuted> {
        Self::model(document, None, Place::Instance).verify(document)
    }
}

struct Prepared<P: Problem> {
    wire: P::Wire,
    options: Options,
    instance: P::Instance,
}

impl<P: Problem> AnyProblem for Erased<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn version(&self) -> u32 {
        P::VERSION
    }

    fn read(&self, document: &[u8]) -> Result<Box<dyn Request>, Vec<Issue>> {
        let wire = read_wire::<P>(document, None)?;
        let instance = P::instance(&wire)?;
        let options = P::options(&wire).cloned().unwrap_or_default();
        Ok(Box::new(Prepared::<P> { wire, options, instance }))
    }

    fn read_json(&self, document: &[u8], name: Option<&str>) -> Result<serde_json::Value, Vec<Issue>> {
        read_wire::<P>(document, name).map(|wire| to_json(&wire))
    }

    fn recognises(&self, document: &[u8], name: Option<&str>) -> bool {
        match text(document) {
            Some(text) => P::read_text(text, name).is_some(),
            None => read_json(document).is_ok_and(|json| P::is_request(&json)),
        }
    }

    fn offers_what_if(&self) -> bool {
        P::OFFERS_WHAT_IF
    }

    fn what_if(
        &self,
        request: &[u8],
        answer: &AnyAnswer,
        question: &[u8],
        clock: &dyn Clock,
    ) -> Option<Result<serde_json::Value, Vec<Issue>>> {
        let wire = read_json(request).ok()?;
        let answer = Prepared::<P>::typed(answer)?;
        match read_json(question) {
            Ok(question) => P::what_if(&wire, &answer, &question, clock),
            Err(issues) => Some(Err(issues)),
        }
    }

    fn verify(&self, document: &[u8]) -> Result<Verified, Refuted> {
        let document: Document<P::Wire, serde_json::Value, serde_json::Value> =
            read_json(document).map_err(Refuted::Invalid)?;
        let below_instance = |issue: Issue| issue.below("/instance");
        let instance = P::instance(&document.instance)
            .map_err(|issues| Refuted::Invalid(issues.into_iter().map(below_instance).collect()))?;
        let answer = document.answer;
        if answer.problem != P::NAME {
            let cause = format!("the document answers a {:?} problem, not a {:?} one", answer.problem, P::NAME);
            return Err(Refuted::Wrong(vec![Violation::new("other_problem", cause)]));
        }
        let answer = answer.typed().map_err(Refuted::Invalid)?;
        let lower_bound = P::verify(&instance, &answer).map_err(Refuted::Wrong)?;
        Ok(Verified {
            problem: P::NAME.to_owned(),
            objective: answer.objective,
            lower_bound,
            gap: P::gap(&instance, answer.objective, lower_bound),
            claimed_lower_bound: answer.lower_bound,
        })
    }
}

impl<P: Problem> Prepared<P> {
    fn typed(answer: &AnyAnswer) -> Option<Answer<P::Plan, P::Certificate>> {
        answer.typed().ok()
    }
}

impl<P: Problem> Request for Prepared<P> {
    fn problem(&self) -> &'static str {
        P::NAME
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn set_options(&mut self, options: Options) {
        self.wire = P::with_options(self.wire.clone(), Some(options.clone()));
        self.options = options;
    }

    fn canonical(&self) -> Vec<u8> {
        to_json(&P::with_options(self.wire.clone(), None)).to_string().into_bytes()
    }

    fn to_json(&self) -> serde_json::Value {
        to_json(&self.wire)
    }

    fn solve(
        &self,
        budget: &mut Budget<'_>,
        watch: &mut dyn FnMut(&Snapshot<'_>),
    ) -> Result<AnyAnswer, Vec<Violation>> {
        let instance = &self.instance;
        let outcome = P::solve(instance, budget, &mut |progress| {
            watch(&Snapshot {
                objective: progress.objective,
                lower_bound: progress.lower_bound,
                gap: P::gap(instance, progress.objective, progress.lower_bound),
                ticks: progress.ticks,
                plan: &|| to_json(&P::plan(instance, progress.incumbent)),
            });
        });
        let levels = P::levels(instance, &outcome.solution, outcome.lower_bound);
        let plan = P::plan(instance, &outcome.solution);
        let answer = Answer::new(P::NAME, P::VERSION, outcome, levels, plan);
        if !budget.is_abandoned() {
            P::verify(instance, &answer)?;
        }
        Ok(answer.to_any())
    }

    fn size(&self) -> String {
        P::size(&self.instance)
    }

    fn frames(&self, answer: &AnyAnswer) -> Option<Vec<String>> {
        Self::typed(answer).map(|answer| P::frames(&self.instance, &answer))
    }

    fn table(&self, answer: &AnyAnswer) -> Option<String> {
        Self::typed(answer).map(|answer| P::table(&self.instance, &answer))
    }

    fn svg(&self, answer: &AnyAnswer) -> Option<String> {
        Self::typed(answer).map(|answer| P::svg(&self.instance, &answer))
    }
}

/// Reads a request of one problem, JSON or benchmark text, without validating it.
pub fn read_wire<P: Problem>(document: &[u8], name: Option<&str>) -> Result<P::Wire, Vec<Issue>> {
    match text(document).and_then(|text| P::read_text(text, name)) {
        Some(read) => read,
        None => read_json(document),
    }
}

/// The document as text, where it is not JSON.
fn text(document: &[u8]) -> Option<&str> {
    let is_json = document.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_json { None } else { std::str::from_utf8(document).ok() }
}

fn read_json<T: DeserializeOwned>(document: &[u8]) -> Result<T, Vec<Issue>> {
    if document.len() > MAX_DOCUMENT_BYTES {
        return Err(vec![Issue::new(
            "document_too_large",
            "",
            format!("the document has {} bytes; the limit is {MAX_DOCUMENT_BYTES}", document.len()),
            "split the horizon, or leave out what is not needed",
        )]);
    }
    let mut json = serde_json::Deserializer::from_slice(document);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| vec![issue::from_json_error(&error)])?;
    json.end().map_err(|error| {
        vec![Issue::new("not_json", "", format!("something follows the document: {error}"), "send one JSON document")]
    })?;
    Ok(value)
}
