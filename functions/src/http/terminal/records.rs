//! Reading, making, changing and removing records.

use std::str::FromStr;

use axum::Json;
use axum::extract::{Extension, Path, Query as QueryString, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use portolan::issue::Issues;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::paging::{self, bad, link};
use super::super::problem::{Code, Trouble};
use super::super::{Api, negotiate};
use super::asked::{Asked, has_already, tag, terminals as service};
use crate::plans::record::Tenant;
use crate::terminal::check_id;
use crate::terminal::container::{Container, Destination};
use crate::terminal::equipment::Awake;
use crate::terminal::event::{Body, Change, Entity, Record, Stamp};
use crate::terminal::layout::{Slot, StackAt};
use crate::terminal::port::{Part, Query};

/// A record as it is sent: what it holds, and who changed it last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Shown<T> {
    /// What it holds.
    #[serde(flatten)]
    pub what: T,
    /// Who changed it last; `version` is its entity tag.
    pub changed: Stamp,
}

/// A page of something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Items<T> {
    /// What is on it.
    #[schema(inline)]
    pub items: Vec<T>,
    /// Where the next page is; not there on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

pub(super) type Pairs = Result<QueryString<Vec<(String, String)>>, axum::extract::rejection::QueryRejection>;

const PAGE: usize = 100;
const MAX_PAGE: usize = 1000;

/// A record as JSON.
pub(super) fn shown(id: &str, record: &Record) -> Value {
    let mut value = match &record.body {
        Body::Terminal(spec) => with_id(id, serde_json::to_value(spec)),
        Body::Container(it) => serde_json::to_value(it),
        Body::Call(it) => serde_json::to_value(it),
        Body::Equipment(it) => serde_json::to_value(it),
        Body::Progress(it) => serde_json::to_value(it),
    }
    // Plain data always serialises.
    .unwrap_or_default();
    value["changed"] = serde_json::to_value(&record.stamp).unwrap_or_default();
    value
}

fn with_id(id: &str, spec: serde_json::Result<Value>) -> serde_json::Result<Value> {
    let mut value = serde_json::json!({"id": id});
    if let (Some(fields), Value::Object(spec)) = (value.as_object_mut(), spec?) {
        fields.extend(spec);
    }
    Ok(value)
}

/// What a list is asked for.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) limit: usize,
    pub(super) after: Option<String>,
    /// Whether one of these was given.
    pub(super) is_paged: bool,
    pub(super) other: Vec<(String, String)>,
}

impl Wanted {
    /// Reads `limit` and `cursor`; of the others only those named are allowed.
    pub(super) fn read(pairs: Pairs, allowed: &[&str]) -> Result<Self, Trouble> {
        let mut wanted = Self { limit: PAGE, ..Self::default() };
        for (name, value) in pairs.map_err(|_| bad("the query is not readable"))?.0 {
            wanted.is_paged |= ["limit", "cursor"].contains(&name.as_str());
            match name.as_str() {
                "limit" => wanted.limit = paging::limit(&value, MAX_PAGE)?,
                "cursor" => wanted.after = Some(value),
                other if allowed.contains(&other) => wanted.other.push((name, value)),
                other => {
                    let known = [&["limit", "cursor"], allowed].concat().join(", ");
                    return Err(bad(format!("there is no parameter {other:?}; there are {known}")));
                }
            }
        }
        Ok(wanted)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.other.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The address of the next page.
    pub(super) fn next(&self, path: &str, after: &str) -> String {
        let escaped = |text: &str| text.replace('%', "%25").replace('+', "%2B").replace('&', "%26");
        let others =
            self.other.iter().fold(String::new(), |all, (name, value)| all + "&" + name + "=" + &escaped(value));
        format!("{path}?limit={}&cursor={}{others}", self.limit, escaped(after))
    }
}

/// A page as it is sent.
pub(super) fn page(items: Vec<Value>, next: Option<String>) -> Response {
    let mut fields = HeaderMap::new();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.extend(link(next.as_ref()));
    (fields, Json(Items { items, next })).into_response()
}

pub(super) async fn terminals(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Trouble> {
    negotiate::accept(&headers, &["application/json"])?;
    let wanted = Wanted::read(pairs, &[])?;
    let after = wanted.after.clone().unwrap_or_default();
    let Part { items, more } = service(&api)?.terminals(&tenant, &after, wanted.limit).await?;
    let next = items.last().filter(|_| more).map(|(id, _)| wanted.next("/v1/terminals", id));
    Ok(page(items.iter().map(|(id, record)| shown(id, record)).collect(), next))
}

pub(super) async fn list(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Extension(entity): Extension<Entity>,
    Path(terminal): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Trouble> {
    negotiate::accept(&headers, &["application/json"])?;
    listed(&api, &tenant, &terminal, entity, Wanted::read(pairs, &[])?).await
}

/// A page of records, of those containers only that are asked for.
pub(super) async fn listed(
    api: &Api,
    tenant: &Tenant,
    terminal: &str,
    entity: Entity,
    wanted: Wanted,
) -> Result<Response, Trouble> {
    let (items, next) = found(api, tenant, terminal, entity, &wanted).await?;
    Ok(page(items.iter().map(|record| shown("", record)).collect(), next))
}

/// Which containers.
#[derive(Default)]
pub(super) struct Which {
    pub(super) slot: Option<Slot>,
    pub(super) stack: Option<StackAt>,
    pub(super) destination: Option<Destination>,
}

impl Which {
    pub(super) fn read(wanted: &Wanted) -> Result<Self, Trouble> {
        fn read<T: FromStr<Err: ToString>>(wanted: &Wanted, name: &str) -> Result<Option<T>, Trouble> {
            wanted.get(name).map(str::parse).transpose().map_err(|error: T::Err| bad(error.to_string()))
        }
        let (slot, stack): (Option<Slot>, _) = (read(wanted, "slot")?, read(wanted, "stack")?);
        let stack = stack.or_else(|| slot.as_ref().map(|slot| slot.stack.clone()));
        Ok(Self { slot, stack, destination: read(wanted, "destination")? })
    }

    pub(super) fn has(&self, container: &Container) -> bool {
        let slot = container.slot.as_ref();
        self.slot.as_ref().is_none_or(|wanted| slot == Some(wanted))
            && self.stack.as_ref().is_none_or(|wanted| slot.is_some_and(|slot| slot.stack == *wanted))
            && self.destination.as_ref().is_none_or(|to| container.details.destination.as_ref() == Some(to))
    }
}

/// The records of a page, and where the next one is.
pub(super) async fn found(
    api: &Api,
    tenant: &Tenant,
    terminal: &str,
    entity: Entity,
    wanted: &Wanted,
) -> Result<(Vec<Record>, Option<String>), Trouble> {
    exists(api, tenant, terminal).await?;
    let which = Which::read(wanted)?;
    let (destination, stack) = (which.destination.clone(), which.stack.clone());
    let query = Query { entity, destination, stack, after: wanted.after.clone(), limit: wanted.limit };
    let Part { mut items, more } = service(api)?.list(tenant, terminal, query).await?;
    let path = format!("/v1/terminals/{terminal}/{}", entity.plural());
    let next = items.last().filter(|_| more).map(|last| wanted.next(&path, &last.body.name().1));
    items.retain(|record| record.body.container().is_none_or(|container| which.has(container)));
    Ok((items, next))
}

pub(super) async fn equipment(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    headers: HeaderMap,
    pairs: Pairs,
) -> Result<Response, Trouble> {
    negotiate::accept(&headers, &["application/json"])?;
    let wanted = Wanted::read(pairs, &["online"])?;
    exists(&api, &tenant, &terminal).await?;
    let online = match wanted.get("online") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(bad("online is true or false")),
    };
    let all = service(&api)?.equipment(&tenant, &terminal).await?;
    let after = wanted.after.clone().unwrap_or_default();
    let mut found = all.into_iter().filter(|(awake, _)| awake.equipment.id > after);
    let mut items: Vec<(Awake, Record)> = found
        .by_ref()
        .filter(|(awake, _)| online.is_none_or(|online| awake.online == online))
        .take(wanted.limit)
        .collect();
    let more = found.any(|(awake, _)| online.is_none_or(|online| awake.online == online));
    let path = format!("/v1/terminals/{terminal}/equipment");
    let next = items.last().filter(|_| more).map(|(last, _)| wanted.next(&path, &last.equipment.id));
    let shown = items.drain(..).map(|(what, record)| Shown { what, changed: record.stamp });
    Ok(page(shown.map(|it| serde_json::to_value(it).unwrap_or_default()).collect(), next))
}

pub(super) async fn show_terminal(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    one(&api, &tenant, &terminal, Entity::Terminal, "", &headers).await
}

pub(super) async fn show(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Extension(entity): Extension<Entity>,
    Path((terminal, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Trouble> {
    if entity == Entity::Equipment {
        negotiate::accept(&headers, &["application/json"])?;
        let found = service(&api)?.piece(&tenant, &terminal, &id).await?.ok_or_else(missing)?;
        let version = found.1.stamp.version;
        let mut fields = HeaderMap::new();
        // It comes and goes without a new version.
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.extend(tag(version).map(|tag| (header::ETAG, tag)));
        return Ok((fields, Json(Shown { what: found.0, changed: found.1.stamp })).into_response());
    }
    one(&api, &tenant, &terminal, entity, &id, &headers).await
}

async fn one(
    api: &Api,
    tenant: &Tenant,
    terminal: &str,
    entity: Entity,
    id: &str,
    headers: &HeaderMap,
) -> Result<Response, Trouble> {
    negotiate::accept(headers, &["application/json"])?;
    let record = service(api)?.record(tenant, terminal, entity, id).await?.ok_or_else(missing)?;
    let mut fields = HeaderMap::new();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    fields.extend(tag(record.stamp.version).map(|tag| (header::ETAG, tag)));
    if has_already(headers, record.stamp.version) {
        return Ok((StatusCode::NOT_MODIFIED, fields).into_response());
    }
    Ok((fields, Json(shown(terminal, &record))).into_response())
}

pub(super) async fn put_terminal(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let asked = Asked::read(&api, request).await?;
    let mut issues = Issues::new();
    check_id(&mut issues, "", &terminal);
    issues.into_result(()).map_err(Trouble::issues)?;
    let change = Change::PutTerminal(asked.json()?);
    let made = asked.change(&api, &tenant, &terminal, change).await?;
    Ok(made.response(&terminal, Some(&format!("/v1/terminals/{terminal}"))))
}

pub(super) async fn remove_terminal(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Path(terminal): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let asked = Asked::read(&api, request).await?;
    let made = asked.change(&api, &tenant, &terminal, Change::RemoveTerminal).await?;
    Ok(made.response(&terminal, None))
}

pub(super) async fn put(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Extension(entity): Extension<Entity>,
    Path((terminal, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    let asked = Asked::read(&api, request).await?;
    let change = match entity {
        Entity::Call => Change::PutCall(id.clone(), asked.json()?),
        Entity::Equipment => Change::PutEquipment(id.clone(), asked.json()?),
        _ => Change::PutContainer(id.clone(), asked.json()?),
    };
    let made = asked.change(&api, &tenant, &terminal, change).await?;
    Ok(made.response("", Some(&format!("/v1/terminals/{terminal}/{}/{id}", entity.plural()))))
}

pub(super) async fn remove(
    State(api): State<Api>,
    Extension(tenant): Extension<Tenant>,
    Extension(entity): Extension<Entity>,
    Path((terminal, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    let asked = Asked::read(&api, request).await?;
    let change = match entity {
        Entity::Call => Change::RemoveCall(id),
        Entity::Equipment => Change::RemoveEquipment(id),
        _ => Change::RemoveContainer(id),
    };
    let made = asked.change(&api, &tenant, &terminal, change).await?;
    Ok(made.response("", None))
}

/// Says so where there is no such terminal, rather than that it is empty.
pub(super) async fn exists(api: &Api, tenant: &Tenant, terminal: &str) -> Result<(), Trouble> {
    let found = service(api)?.record(tenant, terminal, Entity::Terminal, "").await?;
    found.map(|_| ()).ok_or_else(|| Trouble::new(Code::NotFound, "there is no such terminal"))
}

pub(super) fn missing() -> Trouble {
    Trouble::new(Code::NotFound, "there is no such record, or no such terminal")
}
