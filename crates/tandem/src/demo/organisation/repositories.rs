//! The repositories of the made-up company.

use super::bots::PlainBot;
use super::languages::Language;
use super::tools::LoginForm;

/// What is fixed about a repository.
#[derive(Debug, Clone, Copy)]
pub(super) struct RepositoryPlan {
    /// Name without owner.
    pub(super) name: &'static str,
    /// Main language.
    pub(super) language: Language,
    /// The parts that changes are about, with hyphens.
    pub(super) components: &'static [&'static str],
    /// Share of the team's work, against the others'.
    pub(super) weight: f64,
    /// How readily AI is used here, against the team's 1.
    pub(super) affinity: f64,
    /// How long a cycle takes here, against the team's 1.
    pub(super) cycle_factor: f64,
    /// How its records name bots.
    pub(super) form: LoginForm,
    /// The bot that updates its dependencies.
    pub(super) bot: PlainBot,
}

const fn repository(
    name: &'static str,
    language: Language,
    weight: f64,
    components: &'static [&'static str],
) -> RepositoryPlan {
    RepositoryPlan {
        name,
        language,
        components,
        weight,
        affinity: 1.0,
        cycle_factor: 1.0,
        form: LoginForm::Rest,
        bot: PlainBot::Dependabot,
    }
}

pub(super) const CHECKOUT: &[RepositoryPlan] = &[
    RepositoryPlan {
        cycle_factor: 0.9,
        ..repository(
            "storefront",
            Language::TypeScript,
            1.2,
            &[
                "cart",
                "address-form",
                "gift-cards",
                "order-review",
                "delivery-slots",
                "basket-merge",
            ],
        )
    },
    repository(
        "payments-api",
        Language::Kotlin,
        1.0,
        &[
            "capture",
            "refund-flow",
            "card-vault",
            "fraud-rules",
            "webhook-inbox",
            "currency",
        ],
    ),
    RepositoryPlan {
        cycle_factor: 1.2,
        form: LoginForm::GraphQl,
        bot: PlainBot::Renovate,
        ..repository(
            "pricing",
            Language::Go,
            0.7,
            &[
                "promotions",
                "tax-tables",
                "price-lists",
                "rounding",
                "coupon-codes",
            ],
        )
    },
];

pub(super) const PLATFORM: &[RepositoryPlan] = &[
    RepositoryPlan {
        bot: PlainBot::Renovate,
        ..repository(
            "gateway",
            Language::Rust,
            1.0,
            &[
                "routing",
                "rate-limits",
                "tls-reload",
                "access-log",
                "health-probe",
                "retry-budget",
            ],
        )
    },
    RepositoryPlan {
        cycle_factor: 1.3,
        ..repository(
            "infrastructure",
            Language::Hcl,
            0.8,
            &[
                "network",
                "clusters",
                "dns-zones",
                "backup-vault",
                "alerting",
                "node-pools",
            ],
        )
    },
    RepositoryPlan {
        cycle_factor: 0.8,
        form: LoginForm::GraphQl,
        ..repository(
            "build-tools",
            Language::Go,
            0.9,
            &[
                "artifact-store",
                "job-runner",
                "release-notes",
                "layer-store",
                "test-splitter",
            ],
        )
    },
];

/// The two apps wait for the release train; the kit is merged within hours, and it is where this
/// team uses AI. Pooled, AI looks fast; within each repository it is slow.
pub(super) const MOBILE: &[RepositoryPlan] = &[
    RepositoryPlan {
        affinity: 0.45,
        cycle_factor: 2.6,
        ..repository(
            "ios-app",
            Language::Swift,
            0.8,
            &[
                "onboarding",
                "push-messages",
                "parcel-map",
                "offline-sync",
                "widgets",
                "sign-in",
            ],
        )
    },
    RepositoryPlan {
        affinity: 0.45,
        cycle_factor: 2.3,
        bot: PlainBot::Renovate,
        ..repository(
            "android-app",
            Language::Kotlin,
            0.8,
            &[
                "onboarding",
                "push-messages",
                "parcel-map",
                "background-jobs",
                "deep-links",
                "sign-in",
            ],
        )
    },
    RepositoryPlan {
        affinity: 1.7,
        cycle_factor: 0.3,
        form: LoginForm::GraphQl,
        ..repository(
            "ui-kit",
            Language::TypeScript,
            1.6,
            &[
                "buttons",
                "date-picker",
                "colour-tokens",
                "form-fields",
                "icons",
                "toasts",
            ],
        )
    },
];

pub(super) const DATA: &[RepositoryPlan] = &[
    RepositoryPlan {
        cycle_factor: 1.1,
        ..repository(
            "warehouse",
            Language::Sql,
            1.0,
            &[
                "orders",
                "shipments",
                "returns",
                "customer-spine",
                "stock-snapshots",
            ],
        )
    },
    RepositoryPlan {
        form: LoginForm::GraphQl,
        ..repository(
            "ingest",
            Language::Python,
            1.1,
            &[
                "carrier-feeds",
                "schema-registry",
                "dead-letters",
                "backfills",
                "event-decoder",
            ],
        )
    },
    repository(
        "forecasting",
        Language::Python,
        0.7,
        &[
            "demand-model",
            "holidays",
            "feature-store",
            "evaluation",
            "scenario-runner",
        ],
    ),
];

pub(super) const SEARCH: &[RepositoryPlan] = &[
    repository(
        "query-service",
        Language::Rust,
        1.1,
        &[
            "tokeniser",
            "ranking",
            "synonyms",
            "spell-check",
            "facets",
            "snippets",
        ],
    ),
    RepositoryPlan {
        cycle_factor: 1.25,
        form: LoginForm::GraphQl,
        bot: PlainBot::Renovate,
        ..repository(
            "assistant",
            Language::Python,
            0.9,
            &[
                "answer-cards",
                "model-gateway",
                "prompt-store",
                "guard-rails",
                "chat-history",
            ],
        )
    },
    RepositoryPlan {
        cycle_factor: 0.85,
        ..repository(
            "indexer",
            Language::Go,
            0.8,
            &[
                "crawl-queue",
                "shard-layout",
                "merge-policy",
                "document-store",
                "change-feed",
            ],
        )
    },
];

pub(super) const LEDGER: &[RepositoryPlan] = &[
    RepositoryPlan {
        cycle_factor: 1.2,
        ..repository(
            "general-ledger",
            Language::Kotlin,
            1.2,
            &[
                "journal",
                "posting-rules",
                "period-close",
                "trial-balance",
                "audit-trail",
            ],
        )
    },
    RepositoryPlan {
        form: LoginForm::GraphQl,
        bot: PlainBot::Renovate,
        ..repository(
            "invoicing",
            Language::TypeScript,
            0.9,
            &[
                "invoice-layout",
                "dunning",
                "credit-notes",
                "tax-export",
                "payment-terms",
            ],
        )
    },
];
