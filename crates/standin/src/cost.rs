//! What a query costs and how many nodes it may return, by GitHub's documented rules.
//!
//! A connection needs one request for each node of its parents, at most; the requests of all
//! connections divided by 100, rounded, are the points, at least one. The nodes of all connections
//! together may be 500,000.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::{Selection, SelectionSet};
use serde_json::Value;

/// The most nodes of a query.
const NODES_MAX: u64 = 500_000;
/// The longest page.
const FIRST_MAX: u64 = 100;

/// A query that GitHub refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excess {
    pub(crate) kind: Option<&'static str>,
    pub(crate) message: String,
}

/// Points and nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) points: u64,
    pub(crate) nodes: u64,
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    variables: &'a Value,
    requests: u64,
    nodes: u64,
}

/// Counts a query.
pub(crate) fn cost(
    document: &ExecutableDocument,
    operation: Option<&str>,
    variables: &Value,
) -> Result<Cost, Excess> {
    let Ok(operation) = document.operations.get(operation) else {
        return Err(Excess {
            kind: None,
            message: "No operation named in the request".to_owned(),
        });
    };
    let mut walk = Walk {
        document,
        variables,
        requests: 0,
        nodes: 0,
    };
    walk.selections(&operation.selection_set, 1)?;
    if walk.nodes > NODES_MAX {
        return Err(Excess {
            kind: Some("MAX_NODE_LIMIT_EXCEEDED"),
            message: format!(
                "This query requests up to {} possible nodes which exceeds the maximum limit of \
                 {NODES_MAX}.",
                walk.nodes
            ),
        });
    }
    Ok(Cost {
        points: ((walk.requests + 50) / 100).max(1),
        nodes: walk.nodes,
    })
}

impl Walk<'_> {
    fn selections(&mut self, set: &SelectionSet, parents: u64) -> Result<(), Excess> {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    if !self.is_included(field.directives.get("include")) {
                        continue;
                    }
                    let is_connection = field
                        .ty()
                        .inner_named_type()
                        .as_str()
                        .ends_with("Connection");
                    let mut inner = parents;
                    if is_connection {
                        let first = self.number(field, "first").ok_or_else(|| Excess {
                            kind: Some("MISSING_PAGINATION_BOUNDARIES"),
                            message: format!(
                                "You must provide a `first` or `last` value to properly paginate \
                                 the `{}` connection.",
                                field.name
                            ),
                        })?;
                        if first > FIRST_MAX || first == 0 {
                            return Err(Excess {
                                kind: Some("EXCESSIVE_PAGINATION"),
                                message: format!(
                                    "Requesting {first} records on the `{}` connection exceeds the \
                                     `first` limit of {FIRST_MAX} records.",
                                    field.name
                                ),
                            });
                        }
                        self.requests += parents;
                        inner = parents * first;
                        self.nodes += inner;
                    } else if field.name == "nodes" && parents == 1 {
                        let ids = self.list_length(field, "ids");
                        inner = ids.unwrap_or(1).max(1);
                        if ids.is_some_and(|ids| ids > 100) {
                            return Err(Excess {
                                kind: Some("ARGUMENT_LIMIT"),
                                message: "You may not provide more than 100 node ids.".to_owned(),
                            });
                        }
                        self.nodes += inner;
                    }
                    self.selections(&field.selection_set, inner)?;
                }
                Selection::InlineFragment(fragment) => {
                    self.selections(&fragment.selection_set, parents)?;
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        self.selections(&fragment.selection_set, parents)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn is_included(
        &self,
        directive: Option<&apollo_compiler::Node<apollo_compiler::ast::Directive>>,
    ) -> bool {
        let Some(directive) = directive else {
            return true;
        };
        match directive.specified_argument_by_name("if") {
            Some(value) => match value.as_variable() {
                Some(name) => self.variables[name.as_str()].as_bool().unwrap_or(true),
                None => value.to_bool().unwrap_or(true),
            },
            None => true,
        }
    }

    fn argument(&self, field: &apollo_compiler::executable::Field, name: &str) -> Option<Value> {
        let value = field.specified_argument_by_name(name)?;
        match value.as_variable() {
            Some(variable) => Some(self.variables[variable.as_str()].clone()),
            None => serde_json::from_str(&value.to_string()).ok(),
        }
    }

    fn number(&self, field: &apollo_compiler::executable::Field, name: &str) -> Option<u64> {
        self.argument(field, name)?.as_u64()
    }

    fn list_length(&self, field: &apollo_compiler::executable::Field, name: &str) -> Option<u64> {
        Some(self.argument(field, name)?.as_array()?.len() as u64)
    }
}
