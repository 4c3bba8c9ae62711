//! Executes a validated query over the world.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::tree::{self, LIST, REPOSITORY};
use crate::world::World;

/// What the whole query is about.
pub(crate) struct Context<'w> {
    pub(crate) world: &'w World,
    /// `rateLimit` as it is after this query.
    pub(crate) rate_limit: Value,
    pub(crate) login: String,
}

/// A value of an object type.
pub(crate) struct Object<'w> {
    pub(crate) context: &'w Context<'w>,
    pub(crate) kind: Kind,
}

pub(crate) enum Kind {
    Query,
    Repository(usize),
    Owner(String),
    Tree(Value),
    Page { type_name: String, page: Page },
}

pub(crate) struct Page {
    total: usize,
    nodes: Vec<Value>,
    next: Option<String>,
}

/// The number by which REST and webhooks know a repository.
pub(crate) fn database_id(index: usize) -> u64 {
    70_000 + index as u64
}

/// The prefix of the message of an error that has a type; the service takes it apart again.
pub(crate) const NOT_FOUND: &str = "NOT_FOUND|";

impl ObjectValue for Object<'_> {
    fn type_name(&self) -> &str {
        match &self.kind {
            Kind::Query => "Query",
            Kind::Repository(_) => "Repository",
            Kind::Owner(_) => "Organization",
            Kind::Tree(value) => value["__typename"].as_str().unwrap_or_default(),
            Kind::Page { type_name, .. } => type_name,
        }
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let name = info.field_name();
        let arguments = serde_json::to_value(info.arguments()).unwrap_or_default();
        match &self.kind {
            Kind::Query => self.query(name, &arguments),
            Kind::Repository(index) => self.repository(*index, info, &arguments),
            Kind::Owner(login) => match name {
                "login" => Ok(ResolvedValue::leaf(login.as_str())),
                "id" => Ok(ResolvedValue::leaf(format!("O_{login}"))),
                "repositories" => {
                    let mut indices: Vec<usize> = (0..self.context.world.repositories.len())
                        .filter(|index| {
                            let repository = &self.context.world.repositories[*index];
                            !repository.vanished
                                && repository
                                    .name
                                    .split_once('/')
                                    .is_some_and(|(owner, _)| owner.eq_ignore_ascii_case(login))
                        })
                        .collect();
                    indices.sort_by_key(|index| &self.context.world.repositories[*index].name);
                    let nodes = indices.into_iter().map(|index| json!({REPOSITORY: index}));
                    self.page_of(info, &arguments, nodes.collect())
                }
                _ => Err(self.unknown_field_error(info)),
            },
            Kind::Tree(value) => {
                let field = value.get(name).cloned().unwrap_or_default();
                match field.get(LIST) {
                    Some(Value::Array(items)) => {
                        let items = wanted(items, &arguments);
                        self.page_of(info, &arguments, items)
                    }
                    _ => Ok(self.value(field)),
                }
            }
            Kind::Page { page, .. } => Ok(match name {
                "totalCount" | "filteredCount" => ResolvedValue::leaf(page.total),
                "nodes" => ResolvedValue::list(
                    page.nodes
                        .iter()
                        .map(|node| self.value(node.clone()))
                        .collect::<Vec<_>>(),
                ),
                "pageInfo" => self.value(json!({
                    "__typename": "PageInfo",
                    "hasNextPage": page.next.is_some(),
                    "hasPreviousPage": false,
                    "endCursor": page.next,
                    "startCursor": null,
                })),
                _ => return Err(self.unknown_field_error(info)),
            }),
        }
    }
}

impl Object<'_> {
    fn object(&self, kind: Kind) -> ResolvedValue<'_> {
        ResolvedValue::object(Object {
            context: self.context,
            kind,
        })
    }

    fn value(&self, value: Value) -> ResolvedValue<'_> {
        if let Some(index) = value.get(REPOSITORY).and_then(Value::as_u64) {
            return self.object(Kind::Repository(index as usize));
        }
        if value.get("__typename").is_some() {
            return self.object(Kind::Tree(value));
        }
        ResolvedValue::Leaf(value.into())
    }

    fn query(&self, name: &str, arguments: &Value) -> Result<ResolvedValue<'_>, FieldError> {
        let text = |key: &str| arguments[key].as_str().unwrap_or_default().to_owned();
        let not_found = |what: String| FieldError {
            message: format!("{NOT_FOUND}Could not resolve to a {what}."),
        };
        match name {
            "rateLimit" => Ok(self.value(self.context.rate_limit.clone())),
            "viewer" => Ok(self.value(json!({
                "__typename": "User", "id": "U_viewer", "login": self.context.login,
            }))),
            "node" => {
                let id = text("id");
                self.node(&id)
                    .ok_or_else(|| not_found(format!("node with the global id of '{id}'")))
            }
            "nodes" => {
                let ids = arguments["ids"].as_array().cloned().unwrap_or_default();
                let nodes = ids.into_iter().map(move |id| {
                    let id = id.as_str().unwrap_or_default().to_owned();
                    self.node(&id)
                        .ok_or_else(|| not_found(format!("node with the global id of '{id}'")))
                });
                Ok(ResolvedValue::List(Box::new(nodes)))
            }
            "repository" => {
                let full = format!("{}/{}", text("owner"), text("name"));
                match self.context.world.by_name(&full) {
                    Some(index) => Ok(self.object(Kind::Repository(index))),
                    None => Err(not_found(format!("Repository with the name '{full}'"))),
                }
            }
            "repositoryOwner" => {
                let login = text("login");
                let prefix = format!("{}/", login.to_lowercase());
                let is_there = (self.context.world.repositories.iter())
                    .any(|repository| repository.name.to_lowercase().starts_with(&prefix));
                Ok(if is_there {
                    self.object(Kind::Owner(login))
                } else {
                    ResolvedValue::null()
                })
            }
            _ => Err(FieldError {
                message: format!("unexpected field {name}"),
            }),
        }
    }

    fn node(&self, id: &str) -> Option<ResolvedValue<'_>> {
        let mut parts = id.split('_');
        let kind = parts.next()?;
        let mut number = || parts.next()?.parse::<u64>().ok();
        let index = number()? as usize;
        match kind {
            "R" => {
                let repository = self.context.world.repositories.get(index)?;
                (!repository.vanished).then(|| self.object(Kind::Repository(index)))
            }
            "PR" => self.pull_request(index, number()?),
            "PRRT" => {
                let truth = self.context.world.truth(index, number()?)?;
                let thread = number()?;
                let tree = tree::pull_request(index, &truth);
                let threads = tree["reviewThreads"][LIST].as_array()?;
                Some(self.value(threads.get(thread as usize)?.clone()))
            }
            _ => None,
        }
    }

    fn pull_request(&self, index: usize, number: u64) -> Option<ResolvedValue<'_>> {
        let truth = self.context.world.truth(index, number)?;
        Some(self.value(tree::pull_request(index, &truth)))
    }

    fn repository(
        &self,
        index: usize,
        info: &ResolveInfo<'_>,
        arguments: &Value,
    ) -> Result<ResolvedValue<'_>, FieldError> {
        let repository = &self.context.world.repositories[index];
        Ok(match info.field_name() {
            "id" => ResolvedValue::leaf(format!("R_{index}")),
            "databaseId" => ResolvedValue::leaf(database_id(index)),
            "nameWithOwner" => ResolvedValue::leaf(repository.name.as_str()),
            "isArchived" => ResolvedValue::leaf(repository.archived),
            "isFork" => ResolvedValue::leaf(repository.fork),
            "isPrivate" => ResolvedValue::leaf(false),
            "primaryLanguage" => self.value(json!({"__typename": "Language", "name": "Rust"})),
            "pullRequest" => {
                let number = arguments["number"].as_u64().unwrap_or_default();
                match self.pull_request(index, number) {
                    Some(found) => found,
                    None => {
                        return Err(FieldError {
                            message: format!(
                                "{NOT_FOUND}Could not resolve to a PullRequest with the number of \
                                 {number}."
                            ),
                        });
                    }
                }
            }
            "pullRequests" => self.pull_requests(index, info, arguments)?,
            _ => return Err(self.unknown_field_error(info)),
        })
    }

    /// Pages by key, as GitHub's: a pull request that moves does not move the others.
    fn pull_requests(
        &self,
        index: usize,
        info: &ResolveInfo<'_>,
        arguments: &Value,
    ) -> Result<ResolvedValue<'_>, FieldError> {
        let repository = &self.context.world.repositories[index];
        let first = arguments["first"].as_u64().unwrap_or_default() as usize;
        let after = match arguments["after"].as_str() {
            Some(cursor) => Some(read_key(cursor)?),
            None => None,
        };
        let by_change = arguments["orderBy"]["field"].as_str() == Some("UPDATED_AT");
        let is_descending = arguments["orderBy"]["direction"].as_str() == Some("DESC");
        let key_of = |(at, number): &(Timestamp, u64)| {
            if by_change {
                (at.as_second(), *number)
            } else {
                (0, *number)
            }
        };
        let is_after = |key: &(i64, u64)| match after {
            Some(after) if is_descending => *key < after,
            Some(after) => *key > after,
            None => true,
        };
        let mut keys: Vec<(i64, u64)> = if by_change && is_descending {
            repository
                .by_change
                .iter()
                .rev()
                .map(key_of)
                .filter(|key| is_after(key))
                .take(first + 1)
                .collect()
        } else {
            let mut keys: Vec<(i64, u64)> = repository
                .by_change
                .iter()
                .map(key_of)
                .filter(|key| is_after(key))
                .collect();
            keys.sort_unstable();
            if is_descending {
                keys.reverse();
            }
            keys.truncate(first + 1);
            keys
        };
        let has_next = keys.len() > first;
        keys.truncate(first);
        let next = keys.last().filter(|_| has_next).map(|key| write_key(*key));
        // Light trees where only the key fields are asked for keep a listing cheap.
        let is_light = info.field_selections().iter().all(|field| {
            let text = field.to_string();
            !text.contains("title")
        });
        let nodes = keys
            .iter()
            .filter_map(|(_, number)| {
                if is_light {
                    return Some(json!({
                        "__typename": "PullRequest",
                        "id": format!("PR_{index}_{number}"),
                        "number": number,
                        "updatedAt": self.context.world.changed_at(index, *number),
                    }));
                }
                let truth = self.context.world.truth(index, *number)?;
                Some(tree::pull_request(index, &truth))
            })
            .collect();
        Ok(self.object(Kind::Page {
            type_name: "PullRequestConnection".to_owned(),
            page: Page {
                total: repository.by_change.len(),
                nodes,
                next,
            },
        }))
    }

    /// A page of a list, by position.
    fn page_of(
        &self,
        info: &ResolveInfo<'_>,
        arguments: &Value,
        items: Vec<Value>,
    ) -> Result<ResolvedValue<'_>, FieldError> {
        let first = arguments["first"].as_u64().unwrap_or_default() as usize;
        let start = match arguments["after"].as_str() {
            Some(cursor) => read_key(cursor)?.1 as usize,
            None => 0,
        };
        let end = (start + first).min(items.len());
        let next = (end < items.len()).then(|| write_key((0, end as u64)));
        let page = Page {
            total: items.len(),
            nodes: items.get(start..end).unwrap_or_default().to_vec(),
            next,
        };
        Ok(self.object(Kind::Page {
            type_name: info.field_definition().ty.inner_named_type().to_string(),
            page,
        }))
    }
}

/// The items of a list that the arguments ask for.
fn wanted(items: &[Value], arguments: &Value) -> Vec<Value> {
    let Some(types) = arguments["itemTypes"].as_array() else {
        return items.to_vec();
    };
    let is_wanted = |item: &&Value| {
        let name = item["__typename"].as_str().unwrap_or_default();
        let mut word = String::new();
        for character in name.chars() {
            if character.is_ascii_uppercase() && !word.is_empty() {
                word.push('_');
            }
            word.push(character.to_ascii_uppercase());
        }
        types.iter().any(|wanted| wanted.as_str() == Some(&word))
    };
    items.iter().filter(is_wanted).cloned().collect()
}

fn write_key((order, number): (i64, u64)) -> String {
    STANDARD.encode(format!("cursor:{order}:{number}"))
}

fn read_key(cursor: &str) -> Result<(i64, u64), FieldError> {
    let parsed = STANDARD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| {
            let (order, number) = text.strip_prefix("cursor:")?.split_once(':')?;
            Some((order.parse().ok()?, number.parse().ok()?))
        });
    parsed.ok_or_else(|| FieldError {
        message: format!("`{cursor}` does not appear to be a valid cursor."),
    })
}
