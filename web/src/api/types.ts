/** What pages call the API's types: names of the glossary for those of the generated schema. */
import type { components } from "./schema";

export type { ColumnProfile, Profile, Told, Trace, TracedInput, Violation } from "./narrow";

type Schemas = components["schemas"];

export type Problem = Schemas["Problem"];
export type ServerInfo = Schemas["ServerBody"];

export type OverviewData = Schemas["OverviewBody"];
export type Stage = Schemas["StageBody"];
export type Attention = Schemas["AttentionBody"];
export type ServingRow = Schemas["ServingBody"];

export type Run = Schemas["TrackedRunBody"];
export type RunSearch = Schemas["RunSearchBody"];
export type RunGroup = Schemas["RunGroupBody"];
export type RunGroups = Schemas["RunGroupList"];
export type TraceRow = Schemas["TraceBody"];
export type TraceDetail = Schemas["TraceDetail"];
export type TraceSpan = Schemas["TraceSpanBody"];
export type TraceSearch = Schemas["TraceSearchBody"];
export type Experiment = Schemas["ExperimentBody"];
export type RunKeys = Schemas["RunKeyList"];
export type SavedView = Schemas["SavedViewBody"];
export type ViewSent = Schemas["NewViewBody"];
export type MetricPoint = Schemas["PointBody"];
export type RunCurve = Schemas["RunCurveBody"];
export type CurvesSent = Schemas["CurvesBody"];
export type ArtifactEntry = Schemas["ArtifactBody"];
export type RunLinks = Schemas["RunLinksBody"];
export type RunDataset = Schemas["RunDatasetBody"];
export type LoggedModel = Schemas["LoggedModelBody"];
export type ExperimentDetail = Schemas["ExperimentDetailBody"];

export type Dataset = Schemas["DatasetBody"];
export type DataVersion = Schemas["DataVersionBody"];
export type Contract = Schemas["ContractBody"];

export type Pipeline = Schemas["PipelineBody"];
export type PipelineRun = Schemas["RunBody"];
export type PipelineRunDetail = Schemas["RunDetail"];
export type StepRun = Schemas["StepRunBody"];
export type GraphStep = Schemas["GraphStep"];
export type FileProblem = Schemas["ProblemBody"];
export type Plan = Schemas["PlanBody"];
export type PlanUnit = Schemas["PlanUnitBody"];
export type Trigger = Schemas["TriggerBody"];
export type Decision = Schemas["DecisionBody"];

export type Model = Schemas["ModelBody"];
export type ModelVersion = Schemas["ModelVersionBody"];
export type VersionContents = Schemas["ContentsBody"];
export type AliasMove = Schemas["AliasMoveBody"];
export type ModelUse = Schemas["ModelUseBody"];
export type Evaluation = Schemas["EvaluationBody"];
export type Scored = Schemas["ScoredBody"];

export type Deployment = Schemas["DeploymentBody"];
export type Rollout = Schemas["RolloutBody"];
export type Prediction = Schemas["PredictionBody"];

export type Monitor = Schemas["MonitorBody"];
export type MonitorStatus = Schemas["MonitorStatusBody"];
export type DriftReport = Schemas["DriftReportBody"];
export type ColumnDrift = Schemas["ColumnDriftBody"];
export type PerformancePoint = Schemas["PerformanceBody"];
export type Alert = Schemas["AlertBody"];

export type Webhook = Schemas["WebhookBody"];
export type Delivery = Schemas["DeliveryBody"];
export type TrashItem = Schemas["TrashItemBody"];
export type Freed = Schemas["FreedBody"];
export type PurgePreview = Schemas["PurgePreviewBody"];

export type AuditEvent = Schemas["AuditEventBody"];
export type AuditPage = Schemas["AuditPage"];
