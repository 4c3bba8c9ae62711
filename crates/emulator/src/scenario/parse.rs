//! Reading scenarios: TOML on top of the default, settings and faults given as flags.

use toml::{Table, Value};

use super::faults::{BatchFault, BatchFaultRule, Fault, FaultRule, HttpFault};
use super::rules::Scenario;

/// The documented default, every key commented at its value.
const DEFAULT_TOML: &str = include_str!("../../scenario.toml");

/// Why a scenario cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The text is not TOML, or has a key or value that the format does not know. The message
    /// names line and key.
    #[error("scenario is not valid: {0}")]
    Toml(String),
    /// A setting given as `KEY=VALUE` is not TOML.
    #[error("setting {setting} is not valid: {reason}")]
    Setting {
        /// The setting as given.
        setting: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value is of the right type, but makes no sense.
    #[error("scenario: {key} {reason}")]
    Value {
        /// Path of the key.
        key: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// A fault given as `[MODEL:]KIND=RATE` is not understood.
    #[error("fault {fault} is not valid: {reason}")]
    Fault {
        /// The fault as given.
        fault: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Scenario {
    /// The default scenario as a TOML file in which every key stands commented at its default.
    pub fn default_toml() -> &'static str {
        DEFAULT_TOML
    }

    /// Reads a scenario. What the text does not say stays as in the default, key by key, also
    /// inside of a model; `failures` and lists of faults are taken as a whole.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        Self::parse_with(text, &[])
    }

    /// Reads a scenario and applies settings such as `server.serve_retired=true` or
    /// `models."openai/gpt-oss-20b".failure_rate=0.1` on top of it.
    pub fn parse_with(text: &str, settings: &[String]) -> Result<Self, ScenarioError> {
        // Read by itself first: only then do errors name the line.
        toml::from_str::<Self>(text)
            .map_err(|error| ScenarioError::Toml(error.to_string().trim_end().to_owned()))?;
        let mut merged = Table::try_from(Self::default())
            .map_err(|error| ScenarioError::Toml(error.to_string()))?;
        let given: Table = text
            .parse()
            .map_err(|error: toml::de::Error| ScenarioError::Toml(error.to_string()))?;
        merge(&mut merged, given, 0);
        for setting in settings {
            let invalid = |reason: String| ScenarioError::Setting {
                setting: setting.clone(),
                reason,
            };
            let given: Table = setting
                .parse()
                .map_err(|error: toml::de::Error| invalid(error.message().to_owned()))?;
            toml::from_str::<Self>(setting).map_err(|error| invalid(error.message().to_owned()))?;
            merge(&mut merged, given, 0);
        }
        let scenario: Self =
            serde_path_to_error::deserialize(Value::Table(merged)).map_err(|error| {
                ScenarioError::Value {
                    key: error.path().to_string(),
                    reason: error.inner().message().to_owned(),
                }
            })?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Adds a fault given as `[MODEL:]KIND=RATE`, such as `missing=0.01`,
    /// `openai/gpt-oss-20b:truncated=0.2` or, for whole batches, `batch.expires=1`; or for calls,
    /// `http.rate_limited=0.1`.
    pub fn add_fault(&mut self, fault: &str) -> Result<(), ScenarioError> {
        let invalid = |reason: String| ScenarioError::Fault {
            fault: fault.to_owned(),
            reason,
        };
        let (what, rate) = fault
            .rsplit_once('=')
            .ok_or_else(|| invalid("a fault is written KIND=RATE".to_owned()))?;
        let rate: f64 = rate
            .parse()
            .ok()
            .filter(|rate| (0.0..=1.0).contains(rate))
            .ok_or_else(|| invalid("the rate must be a number from 0 to 1".to_owned()))?;
        if let Some(kind) = what.strip_prefix("batch.") {
            let kind = BatchFault::from_name(kind).ok_or_else(|| {
                invalid(unknown(
                    "batch fault",
                    BatchFault::ALL.iter().map(|kind| kind.name()),
                ))
            })?;
            self.batch_faults.push(BatchFaultRule::of(kind, rate));
        } else if let Some(kind) = what.strip_prefix("http.") {
            let kind = HttpFault::from_name(kind).ok_or_else(|| {
                invalid(unknown(
                    "call fault",
                    HttpFault::ALL.iter().map(|kind| kind.name()),
                ))
            })?;
            self.http_faults.push(super::HttpFaultRule::of(kind, rate));
        } else {
            let (model, kind) = match what.rsplit_once(':') {
                Some((model, kind)) => (Some(model.to_owned()), kind),
                None => (None, what),
            };
            let kind = Fault::from_name(kind).ok_or_else(|| {
                invalid(unknown("fault", Fault::ALL.iter().map(|kind| kind.name())))
            })?;
            self.faults.push(FaultRule {
                model,
                ..FaultRule::of(kind, rate)
            });
        }
        self.check()
    }

    /// Checks what types alone cannot.
    pub(crate) fn check(&self) -> Result<(), ScenarioError> {
        if self.version != 1 {
            return Err(value("version", "is not 1, the only version there is"));
        }
        if self.server.page_size == 0 {
            return Err(value("server.page_size", "must be at least 1"));
        }
        if !self.timing.chat_scale.is_finite() || self.timing.chat_scale < 0.0 {
            return Err(value("timing.chat_scale", "must be a number of at least 0"));
        }
        for (id, model) in &self.models {
            let key = |field: &str| format!("models.\"{id}\".{field}");
            check_rate(&key("failure_rate"), model.failure_rate)?;
            check_rate(&key("wrong_rate"), model.wrong_rate)?;
            let [least, most] = model.reasoning_share;
            if !(0.0..1.0).contains(&least) || !(least..1.0).contains(&most) {
                return Err(value(
                    &key("reasoning_share"),
                    "must be two shares from 0 up to, not including, 1",
                ));
            }
            let sum: f64 = model.failures.values().sum();
            let shares_ok = model
                .failures
                .values()
                .all(|share| share.is_finite() && *share >= 0.0);
            if model.failure_rate > 0.0 && (!shares_ok || sum <= 0.0) {
                return Err(value(
                    &key("failures"),
                    "must have a positive share for some kind",
                ));
            }
        }
        for (place, rule) in self.faults.iter().enumerate() {
            check_rate(&format!("faults[{place}].rate"), rule.rate)?;
        }
        for (place, rule) in self.batch_faults.iter().enumerate() {
            check_rate(&format!("batch_faults[{place}].rate"), rule.rate)?;
            check_rate(&format!("batch_faults[{place}].done"), rule.done)?;
        }
        for (place, rule) in self.http_faults.iter().enumerate() {
            check_rate(&format!("http_faults[{place}].rate"), rule.rate)?;
            if !(500..600).contains(&rule.status) {
                return Err(value(
                    &format!("http_faults[{place}].status"),
                    "must be from 500 to 599",
                ));
            }
        }
        Ok(())
    }
}

/// Puts a table over another: sections and single models key by key, deeper values as a whole.
fn merge(base: &mut Table, over: Table, depth: usize) {
    for (key, value) in over {
        let is_models = depth == 0 && key == "models";
        match (base.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) if depth < 1 || is_models => {
                // Under `models` lies one more level of tables before the keys.
                merge(below, above, if is_models { 0 } else { depth + 1 });
            }
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

fn check_rate(key: &str, rate: f64) -> Result<(), ScenarioError> {
    if (0.0..=1.0).contains(&rate) {
        Ok(())
    } else {
        Err(value(key, "must be a number from 0 to 1"))
    }
}

fn value(key: &str, reason: &str) -> ScenarioError {
    ScenarioError::Value {
        key: key.to_owned(),
        reason: reason.to_owned(),
    }
}

fn unknown(what: &str, names: impl Iterator<Item = &'static str>) -> String {
    format!(
        "there is no such {what}; there are {}",
        names.collect::<Vec<_>>().join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{HttpCall, Spread};

    /// The default file with every key live.
    fn uncommented() -> String {
        let lines = DEFAULT_TOML
            .lines()
            .map(|line| line.strip_prefix("# ").unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn keys(table: &Table, path: &str, found: &mut Vec<String>) {
        for (key, value) in table {
            let path = format!("{path}/{key}");
            if let Value::Table(inner) = value {
                keys(inner, &path, found);
            }
            found.push(path);
        }
    }

    #[test]
    fn the_default_file_shows_every_key_at_its_default() {
        assert_eq!(
            Scenario::parse(DEFAULT_TOML).expect("valid"),
            Scenario::default()
        );
        assert_eq!(
            Scenario::parse(&uncommented()).expect("valid"),
            Scenario::default()
        );
        let (mut shown, mut known) = (Vec::new(), Vec::new());
        keys(&uncommented().parse().expect("TOML"), "", &mut shown);
        keys(
            &Table::try_from(Scenario::default()).expect("a table"),
            "",
            &mut known,
        );
        shown.sort();
        known.sort();
        assert_eq!(shown, known);
    }

    #[test]
    fn the_default_file_names_every_kind() {
        let words: Vec<&str> = DEFAULT_TOML
            .split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'))
            .collect();
        let names = (Fault::ALL.iter().map(|kind| kind.name()))
            .chain(BatchFault::ALL.iter().map(|kind| kind.name()))
            .chain(HttpFault::ALL.iter().map(|kind| kind.name()))
            .chain(HttpCall::ALL.iter().map(|kind| kind.name()));
        for name in names {
            assert!(words.contains(&name), "{name}");
        }
    }

    #[test]
    fn what_a_file_does_not_say_stays() {
        let scenario = Scenario::parse(
            r#"
            spread = "random"
            [server]
            serve_retired = true
            [models."openai/gpt-oss-20b"]
            failure_rate = 0.5
            failures = { truncated = 1.0 }
            [models.mine]
            latency_ms = 7
            [[faults]]
            kind = "missing"
            custom_id = "pr-*"
            "#,
        )
        .expect("valid");
        assert_eq!(scenario.spread, Spread::Random);
        assert_eq!(scenario.server.page_size, 20);
        let model = &scenario.models["openai/gpt-oss-20b"];
        assert_eq!((model.latency_ms, model.failure_rate), (1252, 0.5));
        assert_eq!(model.failures.len(), 1);
        assert_eq!(scenario.models["mine"].latency_ms, 7);
        assert_eq!(
            scenario.models["openai/gpt-oss-120b"],
            Scenario::default().models["openai/gpt-oss-120b"]
        );
        assert!(scenario.model("llama-3.3-70b-versatile").is_some());
        assert!(
            Scenario::default()
                .model("llama-3.3-70b-versatile")
                .is_none()
        );
        assert!(scenario.faults[0].rate >= 1.0);
    }

    #[test]
    fn settings_go_on_top() {
        let settings = [
            r#"models."openai/gpt-oss-20b".failure_rate=0.1"#.to_owned(),
            "server.serve_retired=true".to_owned(),
            r#"faults=[{kind="fenced", rate=0.5}]"#.to_owned(),
        ];
        let scenario = Scenario::parse_with("timing.validating_ms = 9", &settings).expect("valid");
        let model = &scenario.models["openai/gpt-oss-20b"];
        assert!((model.failure_rate - 0.1).abs() < 1e-12);
        assert_eq!(model.latency_ms, 1252);
        assert!(scenario.server.serve_retired);
        assert_eq!(scenario.timing.validating_ms, 9);
        assert_eq!(scenario.faults.len(), 1);
    }

    #[test]
    fn faults_as_flags() {
        let mut scenario = Scenario::default();
        for fault in [
            "missing=0.01",
            "openai/gpt-oss-20b:truncated=0.2",
            "batch.expires=1",
            "http.slow=0.5",
        ] {
            scenario.add_fault(fault).expect(fault);
        }
        assert_eq!(
            scenario.faults[1].model.as_deref(),
            Some("openai/gpt-oss-20b")
        );
        assert_eq!(scenario.faults[1].kind, Fault::Truncated);
        assert_eq!(scenario.batch_faults[0].kind, BatchFault::Expires);
        assert_eq!(scenario.http_faults[0].kind, HttpFault::Slow);
        for (fault, part) in [
            ("missing", "KIND=RATE"),
            ("missing=2", "from 0 to 1"),
            ("missing=x", "from 0 to 1"),
            ("nothing=1", "there are json_empty,"),
            ("batch.nothing=1", "there are fails_validation,"),
            ("http.nothing=1", "there are rate_limited,"),
        ] {
            let error = scenario.add_fault(fault).expect_err(fault).to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn errors_name_line_and_key() {
        for (text, parts) in [
            ("\nsped = 1", vec!["line 2", "sped"]),
            ("[server]\nport = 1", vec!["line 2", "port"]),
            ("[[faults]]\nkind = \"nothing\"", vec!["line 2", "nothing"]),
            ("[limits]\nfile_lines = \"x\"", vec!["line 2", "file_lines"]),
            ("version = 2", vec!["version", "the only version"]),
            (
                "[models.m]\nfailure_rate = 1.5",
                vec!["models.\"m\".failure_rate"],
            ),
            (
                "[models.m]\nreasoning_share = [0.5, 0.2]",
                vec!["reasoning_share"],
            ),
            (
                "[[http_faults]]\nkind = \"server_error\"\nstatus = 404",
                vec!["http_faults[0].status"],
            ),
            ("[server]\npage_size = 0", vec!["server.page_size"]),
        ] {
            let error = Scenario::parse(text).expect_err(text).to_string();
            for part in parts {
                assert!(error.contains(part), "{text}: {error}");
            }
        }
    }
}
