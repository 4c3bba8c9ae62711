//! One request after the other: tokens, limits, faults, then the query.

mod refuse;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use apollo_compiler::resolvers::Execution;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use self::refuse::{is_too_heavy, lose_list, refuse_fields};
use crate::app::AppKey;
use crate::cost::{Cost, cost};
use crate::execute::{Context, Kind, NOT_FOUND, Object};
use crate::faults::{Fault, Script};
use crate::world::{Happening, RepositorySpec, World};

/// A host's answer.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A response.
    Response {
        /// The status.
        status: StatusCode,
        /// The headers.
        headers: HeaderMap,
        /// The body.
        body: Bytes,
    },
    /// The client's patience ends first.
    Timeout,
    /// The connection breaks.
    Dropped,
}

/// What was asked so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls, by operation.
    pub calls: HashMap<String, u64>,
    /// Points.
    pub points: u64,
}

impl Counts {
    /// Calls of all operations.
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }
}

/// The stand-in.
pub struct StandIn {
    schema: Valid<Schema>,
    state: Mutex<State>,
    token: String,
    app: Option<AppKey>,
    /// The host's time at the start, and when that was.
    start: (Timestamp, Instant),
    clock_ahead_seconds: AtomicI64,
}

struct State {
    world: World,
    script: Script,
    documents: HashMap<String, std::sync::Arc<Valid<ExecutableDocument>>>,
    counts: Counts,
    rule_calls: Vec<u64>,
    hour: Option<(Instant, u64)>,
    /// Tokens of installations, with the calls each has left.
    installation_tokens: HashMap<String, u64>,
    issued: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GraphqlRequest {
    query: String,
    #[serde(default)]
    operation_name: Option<String>,
    #[serde(default)]
    variables: Value,
}

/// The token that the stand-in takes.
pub const TOKEN: &str = "token-of-the-stand-in";

impl StandIn {
    /// A stand-in that holds a world and follows a script.
    ///
    /// # Panics
    /// Never: the schema is part of this crate and valid.
    pub fn new(world: World, script: Script) -> StandIn {
        StandIn::with_app(world, script, None)
    }

    /// As [`StandIn::new`], with a GitHub App that may ask for tokens.
    ///
    /// # Panics
    /// Never: the schema is part of this crate and valid.
    #[expect(
        clippy::expect_used,
        reason = "the schema is a constant, and a test parses it"
    )]
    pub fn with_app(world: World, script: Script, app: Option<AppKey>) -> StandIn {
        let schema = Schema::parse_and_validate(crate::SCHEMA, "schema.graphql")
            .expect("the schema of the stand-in is valid");
        let rules = script.faults.len();
        StandIn {
            schema,
            clock_ahead_seconds: AtomicI64::new(script.clock_ahead_seconds),
            state: Mutex::new(State {
                world,
                script,
                documents: HashMap::new(),
                counts: Counts::default(),
                rule_calls: vec![0; rules],
                hour: None,
                installation_tokens: HashMap::new(),
                issued: 0,
            }),
            token: TOKEN.to_owned(),
            app,
            start: (
                Timestamp::from_second(crate::truth::EPOCH_SECONDS + 400 * 86_400)
                    .unwrap_or(Timestamp::UNIX_EPOCH),
                Instant::now(),
            ),
        }
    }

    /// The same with its clock at `now`: what it says of the time can then be held against the clock of
    /// this machine.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> StandIn {
        self.start = (now, Instant::now());
        self
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked so far.
    pub fn counts(&self) -> Counts {
        self.state().counts.clone()
    }

    /// Forgets what was asked so far.
    pub fn reset_counts(&self) {
        self.state().counts = Counts::default();
    }

    /// Looks at the world.
    pub fn with_world<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.state().world)
    }

    /// Lets something happen now.
    pub fn happen(&self, happening: &Happening) {
        let now = self.now();
        self.state().world.happen(happening, now);
    }

    /// Makes one more repository.
    pub fn create(&self, spec: &RepositorySpec) {
        self.state().world.create(spec);
    }

    /// Follows another script from now on.
    pub fn follow(&self, script: Script) {
        self.clock_ahead_seconds
            .store(script.clock_ahead_seconds, Ordering::Relaxed);
        let mut state = self.state();
        state.rule_calls = vec![0; script.faults.len()];
        state.script = script;
    }

    /// The host's time.
    pub fn now(&self) -> Timestamp {
        let (told, at) = self.start;
        // To the second, as GitHub dates things.
        let passed = SignedDuration::from_secs(i64::try_from(at.elapsed().as_secs()).unwrap_or(0));
        told.checked_add(passed).unwrap_or(told)
    }

    /// Answers a request.
    pub fn answer(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
        let bearer = headers
            .get(http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default()
            .to_owned();
        if headers.get(http::header::USER_AGENT).is_none() && path.is_empty() {
            return self.plain(403, &json!({"message": "a user agent is required"}));
        }
        match (method, path) {
            (&Method::POST, "/api/graphql" | "/graphql") => self.graphql(&bearer, body),
            (_, path) if path.contains("/installation") => self.installation(method, path, &bearer),
            _ => self.plain(404, &json!({"message": "Not Found"})),
        }
    }

    fn graphql(&self, bearer: &str, body: &[u8]) -> Reply {
        let mut state = self.state();
        if !self.accepts(&mut state, bearer) {
            return self.plain(401, &json!({"message": "Bad credentials"}));
        }
        let request: GraphqlRequest = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(_) => return self.plain(400, &json!({"message": "Problems parsing JSON"})),
        };
        let operation = request.operation_name.clone().unwrap_or_default();
        *state.counts.calls.entry(operation.clone()).or_default() += 1;
        let reply = self.carry_out(&mut state, &request, &operation);
        let calls = state.counts.total();
        let due: Vec<Happening> = state
            .script
            .happenings
            .iter()
            .filter(|(after, _)| *after == calls)
            .map(|(_, happening)| happening.clone())
            .collect();
        for happening in due {
            let now = self.now();
            state.world.happen(&happening, now);
        }
        reply
    }

    fn accepts(&self, state: &mut State, bearer: &str) -> bool {
        if let Some(left) = state.installation_tokens.get_mut(bearer) {
            let is_valid = *left > 0;
            *left = left.saturating_sub(1);
            return is_valid;
        }
        let calls = state.counts.total();
        bearer == self.token && state.script.revoked_after.is_none_or(|last| calls < last)
    }

    fn carry_out(&self, state: &mut State, request: &GraphqlRequest, operation: &str) -> Reply {
        let fault = next_fault(state, operation);
        match &fault {
            Some(Fault::Timeout) => return Reply::Timeout,
            Some(Fault::Dropped) => return Reply::Dropped,
            Some(Fault::Status(status)) => {
                return self.plain(*status, &json!({"message": "Server Error"}));
            }
            Some(Fault::Garbage) => return self.respond(200, HeaderMap::new(), "<html>".into()),
            Some(Fault::RateLimited { resets_in }) => return self.used_up(*resets_in, 403),
            Some(Fault::RateLimitedInside { resets_in }) => return self.used_up(*resets_in, 200),
            Some(Fault::Secondary { retry_after }) => return self.secondary(*retry_after),
            Some(Fault::OutOfTimeInside) => {
                let message = "Something went wrong while executing your query. This may be the \
                               result of a timeout, or it could be a GitHub bug.";
                return self.plain(
                    200,
                    &json!({"data": null, "errors": [{"message": message}]}),
                );
            }
            Some(Fault::ListLost(_)) | None => {}
        }
        if let Some(reply) = self.no_access(state, operation) {
            return reply;
        }
        if is_too_heavy(&state.script, operation, &request.variables) {
            return self.plain(502, &json!({"message": "Server Error"}));
        }
        let document = match self.document(state, &request.query) {
            Ok(document) => document,
            Err(message) => {
                return self.plain(200, &json!({"errors": [{"message": message}]}));
            }
        };
        let counted = cost(
            &document,
            request.operation_name.as_deref(),
            &request.variables,
        );
        let counted = match counted {
            Ok(counted) => counted,
            Err(excess) => {
                let mut error = json!({"message": excess.message});
                if let Some(kind) = excess.kind {
                    error["type"] = Value::from(kind);
                }
                return self.plain(200, &json!({"errors": [error]}));
            }
        };
        let limit = match self.spend(state, counted) {
            Ok(limit) => limit,
            Err(resets_in) => return self.used_up(resets_in, 200),
        };
        let mut document = self.execute(state, &document, request, limit);
        if let Some(Fault::ListLost(list)) = fault {
            lose_list(&mut document, list);
        }
        if operation == "Probe" {
            refuse_fields(&mut document, &state.script.refused_fields);
        }
        let mut headers = HeaderMap::new();
        if let Some(scopes) = state.script.scopes {
            headers.insert("x-oauth-scopes", HeaderValue::from_static(scopes));
        }
        self.respond(200, headers, document.to_string().into())
    }

    fn document(
        &self,
        state: &mut State,
        query: &str,
    ) -> Result<std::sync::Arc<Valid<ExecutableDocument>>, String> {
        if let Some(known) = state.documents.get(query) {
            return Ok(std::sync::Arc::clone(known));
        }
        let parsed = ExecutableDocument::parse_and_validate(&self.schema, query, "query.graphql")
            .map_err(|error| error.errors.to_string())?;
        let parsed = std::sync::Arc::new(parsed);
        state
            .documents
            .insert(query.to_owned(), std::sync::Arc::clone(&parsed));
        Ok(parsed)
    }

    /// Takes the points of a query from the hour; how long it still is when there are not enough.
    fn spend(&self, state: &mut State, counted: Cost) -> Result<Value, Duration> {
        let limit = state.script.points_per_hour.unwrap_or(5_000);
        let hour = Duration::from_hours(1);
        let now = Instant::now();
        let (began, used) = match state.hour {
            Some((began, used)) if now - began < hour => (began, used),
            _ => (now, 0),
        };
        let resets_in = hour.saturating_sub(now - began);
        if used + counted.points > limit {
            return Err(resets_in);
        }
        let used = used + counted.points;
        state.hour = Some((began, used));
        state.counts.points += counted.points;
        let reset_at = self
            .host_now()
            .checked_add(SignedDuration::try_from(resets_in).unwrap_or_default())
            .unwrap_or(Timestamp::MAX);
        Ok(json!({
            "__typename": "RateLimit", "cost": counted.points, "limit": limit,
            "nodeCount": counted.nodes, "remaining": limit - used, "resetAt": reset_at,
            "used": used,
        }))
    }

    fn execute(
        &self,
        state: &State,
        document: &Valid<ExecutableDocument>,
        request: &GraphqlRequest,
        rate_limit: Value,
    ) -> Value {
        let context = Context {
            world: &state.world,
            rate_limit,
            login: "reader".to_owned(),
        };
        let root = Object {
            context: &context,
            kind: Kind::Query,
        };
        let variables = serde_json::from_value(request.variables.clone()).unwrap_or_default();
        let executed = Execution::new(&self.schema, document)
            .operation_name(request.operation_name.as_deref())
            .and_then(|execution| {
                execution
                    .raw_variable_values(&variables)
                    .execute_sync(&root)
            });
        let mut response = match executed {
            Ok(response) => serde_json::to_value(response).unwrap_or_default(),
            Err(error) => {
                return json!({"errors": [{"message": format!("{error:?}")}]});
            }
        };
        if let Some(errors) = response.get_mut("errors").and_then(Value::as_array_mut) {
            for error in errors {
                let message = error["message"].as_str().unwrap_or_default().to_owned();
                let words = message.strip_prefix("resolver error: ").unwrap_or(&message);
                if let Some(rest) = words.strip_prefix(NOT_FOUND) {
                    error["type"] = Value::from("NOT_FOUND");
                    error["message"] = Value::from(rest);
                }
            }
        }
        response
    }

    /// The time that the host tells, which is wrong where the script says so.
    fn host_now(&self) -> Timestamp {
        let ahead = SignedDuration::from_secs(self.clock_ahead_seconds.load(Ordering::Relaxed));
        self.now().checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    fn installation(&self, method: &Method, path: &str, bearer: &str) -> Reply {
        let Some(app) = &self.app else {
            return self.plain(404, &json!({"message": "Not Found"}));
        };
        if let Err(message) = app.check(bearer, self.host_now()) {
            return self.plain(401, &json!({"message": message}));
        }
        if method == Method::GET {
            let state = self.state();
            let permissions: HashMap<&str, &str> =
                state.script.permissions.iter().copied().collect();
            let suspended_at = state.script.suspended.then(|| self.now());
            drop(state);
            return self.plain(
                200,
                &json!({
                    "id": app.installation_id, "account": {"login": "acme"},
                    "repository_selection": "all", "permissions": permissions,
                    "suspended_at": suspended_at,
                }),
            );
        }
        let wanted = format!("/app/installations/{}/access_tokens", app.installation_id);
        if !path.ends_with(&wanted) {
            return self.plain(404, &json!({"message": "Not Found"}));
        }
        let mut state = self.state();
        state.issued += 1;
        let token = format!("installation-token-{}", state.issued);
        let calls = state.script.installation_token_calls.unwrap_or(u64::MAX);
        state.installation_tokens.insert(token.clone(), calls);
        drop(state);
        let expires_at = self
            .host_now()
            .checked_add(SignedDuration::from_hours(1))
            .unwrap_or(Timestamp::MAX);
        self.plain(201, &json!({"token": token, "expires_at": expires_at}))
    }
}

/// The fault of this call, if there is one.
fn next_fault(state: &mut State, operation: &str) -> Option<Fault> {
    let mut found = None;
    for (index, rule) in state.script.faults.iter().enumerate() {
        if rule.operation.is_some_and(|wanted| wanted != operation) {
            continue;
        }
        state.rule_calls[index] += 1;
        if found.is_none() && rule.calls.contains(&state.rule_calls[index]) {
            found = Some(rule.fault.clone());
        }
    }
    found
}
