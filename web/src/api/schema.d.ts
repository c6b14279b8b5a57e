// Written by `npm run generate` from openapi.json.
import type { Cause, Features, Objective, Pinned, Profile, StepFailure, Trace, Violation } from "./narrow";
export interface paths {
    "/api/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists alerts, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only of this deployment. */
                    deployment?: string | null;
                    /** @description Only those that are not closed. */
                    open?: boolean;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AlertList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Notes that the caller looks after an alert. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The alert */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AlertBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists audit events, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only this kind of thing. */
                    noun?: string | null;
                    /** @description Only this thing. */
                    id?: string | null;
                    /** @description Only by this actor. */
                    actor?: string | null;
                    /** @description Only events before this number. */
                    before?: number | null;
                    /** @description At most this many (100, up to 1,000). */
                    limit?: number | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditPage"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Recomputes the chain of hashes from the first event. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AuditVerdict"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists data sets by name. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one data set. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DatasetBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/contract": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows the contract that new versions are checked against. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContractBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/contract/infer": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Learns a contract from the newest published version; nothing is changed. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ContractBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/contract/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries a contract on every version; nothing is changed. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["TestBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrialList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Compares two versions of a data set. */
        get: {
            parameters: {
                query: {
                    /** @description The earlier one. */
                    from: string;
                    /** @description The later one (`latest`). */
                    to?: string | null;
                };
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DiffBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the versions of a data set, refused ones too, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description At most this many (100). */
                    limit?: number | null;
                    /** @description After so many. */
                    offset?: number | null;
                };
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DataVersionList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /**
         * Makes a version of stored files. Files that break the contract are kept as a refused version and answered as a failed
         *     check.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["AddBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["AddedBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one version: `v3`, `latest`, the start of a commit id, or a date. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                    /** @description Which version */
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DataVersionBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/versions/{version}/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the files of a version. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                    /** @description Which version */
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["FileList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/versions/{version}/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows the statistics of a version's columns: rows, files, per column counts, quantiles, histogram, top values, and
         *     correlations.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                    /** @description Which version */
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Profile;
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/datasets/{name}/versions/{version}/rows": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows rows of a version in the order of its files. */
        get: {
            parameters: {
                query?: {
                    /** @description At most this many (50, up to 1,000). */
                    limit?: number | null;
                    /** @description After so many. */
                    offset?: number | null;
                };
                header?: never;
                path: {
                    /** @description The data set */
                    name: string;
                    /** @description Which version */
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RowPage"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/decisions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists decisions, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only of this kind: `trigger`, `gate`, `rollout`, `approval`. */
                    kind?: string | null;
                    /** @description Only about this. */
                    subject?: string | null;
                    /** @description Only of this project. */
                    project?: string | null;
                    /** @description Only about this pipeline run. */
                    pipeline_run?: string | null;
                    /** @description At most this many (100, up to 1,000). */
                    limit?: number | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DecisionList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/decisions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One decision. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The decision */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DecisionBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the deployments. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeploymentList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One deployment. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeploymentBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Declares what a deployment serves; made when absent, rolled out when the version differs. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ApplyBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DeploymentBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{name}/drift": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists a deployment's drift reports, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only records older than the one with this id: the cursor of the next page. */
                    before?: string | null;
                    /** @description At most this many (50, up to 500). */
                    limit?: number | null;
                };
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DriftReportPage"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Closes the open window now and reports on it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DriftReportBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{name}/labels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Adds labels to a deployment's predictions; sending the same again changes nothing. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["LabelsBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["LabelOutcomeBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{name}/monitor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One monitor with its newest findings. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorStatusBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        /** Declares what a deployment is watched for. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["SpecBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{name}/performance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists a deployment's performance records, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only records older than the one with this id: the cursor of the next page. */
                    before?: string | null;
                    /** @description At most this many (50, up to 500). */
                    limit?: number | null;
                };
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PerformancePage"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Takes in what labels have come and returns the newest record. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PerformanceBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{name}/predictions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the newest predictions of a deployment. */
        get: {
            parameters: {
                query?: {
                    /** @description At most this many (100, up to 1,000). */
                    limit?: number | null;
                    /** @description Only those before this time, in milliseconds since the epoch. */
                    before?: number | null;
                };
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PredictionList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the traffic back: ends a rollout under way, else returns to the version before, and the alias with it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RollbackBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RolledBackBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deployments/{name}/rollouts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the rollouts of a deployment, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description At most this many (50, up to 200). */
                    limit?: number | null;
                };
                header?: never;
                path: {
                    /** @description The deployment */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RolloutList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/drift-reports/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One drift report. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The report */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["DriftReportBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists evaluations, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only of this challenger. */
                    challenger?: string | null;
                    /** @description At most this many (50, up to 500). */
                    limit?: number | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EvaluationList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/evaluations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One evaluation. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The evaluation */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EvaluationBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists events, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only events before this number. */
                    before?: number | null;
                    /** @description At most this many (100, up to 1,000). */
                    limit?: number | null;
                };
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["EventPage"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/experiments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists experiments, newest first. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ExperimentList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists registered models with their versions. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/models/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a registered model. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The model */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/models/{name}/promote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Points an alias at a version; a deployment that follows the alias hands its traffic over. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The model */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["PromoteBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelVersionBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/models/{name}/rollback": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Points an alias at the version that it pointed at before. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The model */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ModelRollbackBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelVersionBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/models/{name}/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows one version, by number or alias. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The model */
                    name: string;
                    /** @description Number or alias */
                    version: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ModelVersionBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/monitors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the monitors. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["MonitorList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams what has just been committed: events named `notice` whose data is `{seq, action, noun, id}`. A listener that
         *     fell behind gets an event named `missed` and should read afresh.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description server-sent events */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/event-stream": unknown;
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/objects": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Stores the body's bytes; they are whole and on disk when this answers. The same bytes are stored once. */
        put: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/octet-stream": number[];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["StoredBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows where the loop stands. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["OverviewBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipeline-runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One run with its steps. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The pipeline run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunDetail"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipeline-runs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a run that has not ended; its processes are stopped. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The pipeline run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the pipelines of this server. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PipelineList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One pipeline. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The project */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PipelineBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{name}/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads the project file as it is now and says everything that is wrong with it. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The project */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CheckBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{name}/plan": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says what a run would do now, on the newest data and code; the sources are collected first. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The project */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ParamsBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PlanBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{name}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the runs of a pipeline, newest first. */
        get: {
            parameters: {
                query?: {
                    /** @description Only runs with smaller numbers. */
                    before?: number | null;
                    /** @description At most this many (50, up to 500). */
                    limit?: number | null;
                };
                header?: never;
                path: {
                    /** @description The project */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunPage"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        /** Starts a run on the newest data and code: at once, or when earlier runs of the pipeline have ended. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The project */
                    name: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["ParamsBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["RunBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pipelines/{name}/why/{step}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says why a step would run, field by field of its key. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The project */
                    name: string;
                    /** @description The step */
                    step: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["WhyBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/predictions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One prediction. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The prediction */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["PredictionBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Starts a run. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["NewRunBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackedRunBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/compare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Compares runs: all that they logged, and which of it differs. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["CompareBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ComparisonOfRuns"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Searches runs. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RunSearchBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackedRunPage"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a run. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackedRunBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{id}/artifact": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Downloads a file of a run, always to be saved and never to be shown: what users uploaded runs in nobody's browser. */
        get: {
            parameters: {
                query: {
                    /** @description Below the run's root. */
                    path: string;
                };
                header?: never;
                path: {
                    /** @description The run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description The file */
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/octet-stream": unknown;
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{id}/artifacts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the files and folders of a run. */
        get: {
            parameters: {
                query?: {
                    /** @description Below the run's root; the root itself when absent. */
                    path?: string | null;
                };
                header?: never;
                path: {
                    /** @description The run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ArtifactList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{id}/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Logs metrics, parameters and tags, whole or not at all; a repeated call changes nothing. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["RunBatchBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackedRunBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{id}/finish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a run. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody: {
                content: {
                    "application/json": components["schemas"]["FinishBody"];
                };
            };
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TrackedRunBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/runs/{id}/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Shows a metric's history, reduced so that no peak is lost. */
        get: {
            parameters: {
                query: {
                    /** @description The metric. */
                    key: string;
                    /** @description At most this many points (1,000); minima and maxima are kept. */
                    points?: number | null;
                };
                header?: never;
                path: {
                    /** @description The run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["CurveBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/server": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Says what answers here: version, home, database, projects. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["ServerBody"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/step-runs/{id}/log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a step run printed, as plain text from `offset` on, at most 1 MiB. The header `x-volano-next-offset` says where
         *     to go on.
         */
        get: {
            parameters: {
                query?: {
                    /** @description Bytes to skip: what has been read already. */
                    offset?: number | null;
                };
                header?: never;
                path: {
                    /** @description The step run */
                    id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "text/plain": string;
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/trace/{prediction_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Shows what made a prediction: model version, run, parameters, data versions and rows, code, environment, trigger and
         *     decisions. What the platform did not make itself is null.
         */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The prediction's id */
                    prediction_id: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": Trace;
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/triggers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists the triggers of all projects. */
        get: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                200: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["TriggerList"];
                    };
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/triggers/{project}/{name}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a paused trigger start runs again. */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path: {
                    /** @description The project */
                    project: string;
                    /** @description The trigger */
                    name: string;
                };
                cookie?: never;
            };
            requestBody?: never;
            responses: {
                /** @description It may start runs again */
                204: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
                default: {
                    headers: {
                        [name: string]: unknown;
                    };
                    content: {
                        "application/json": components["schemas"]["Problem"];
                    };
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A new version. */
        AddBody: {
            /** @description Its files, stored before. */
            files: components["schemas"]["NewFileBody"][];
            /** @description What the author says. */
            message?: string;
            /** @description Keeps the files of the newest version that are not named here. */
            append?: boolean;
            /** @description `table` (the default) or `files`, for a data set that is new. */
            kind?: string | null;
        };
        /** @description How it ended. */
        AddedBody: {
            /** @description `published`, `unchanged` or `rejected`. */
            outcome: string;
            version?: components["schemas"]["DataVersionBody"] | null;
        };
        /** @description Something that a person should know. */
        AlertBody: {
            /** @description Its id. */
            id: string;
            /** @description `drift`, `performance` or `silence`. */
            kind: string;
            /** @description The deployment. */
            deployment: string;
            /** @description `open`, `acknowledged` or `closed`. */
            state: string;
            /**
             * Format: int64
             * @description When it opened, in epoch milliseconds.
             */
            opened_ms: number;
            /** @description Who looks after it. */
            acknowledged_by?: string | null;
            /**
             * Format: int64
             * @description When it closed, in epoch milliseconds.
             */
            closed_ms?: number | null;
            /** @description What happened, in words. */
            sentence: string;
            /** @description Id of the drift report or performance record that opened it. */
            record?: string | null;
        };
        /** @description Alerts. */
        AlertList: {
            /** @description Newest first. */
            items: components["schemas"]["AlertBody"][];
        };
        /** @description Where an alias points. */
        AliasBody: {
            /** @description Its name. */
            alias: string;
            /**
             * Format: int64
             * @description The version.
             */
            version: number;
        };
        /** @description What a deployment is to serve. */
        ApplyBody: {
            /** @description A model reference: `flights@champion`, which follows the alias, or `flights:3`. */
            model: string;
            /** @description Shares by which a new version takes over, such as `["5%", "25%", "100%"]`; absent: all at once. */
            canary?: string[] | null;
            /** @description How long each share lasts, such as `30m`. */
            every?: string | null;
            /** @description Conditions that end a rollout: `error_rate > 1%`, `psi(prediction) > 0.25`, `latency_p99 > 50ms`. */
            rollback?: string[];
            /**
             * Format: int64
             * @description Longest time a request may take, in milliseconds (30,000).
             */
            timeout_ms?: number | null;
            /**
             * Format: int32
             * @description Worker processes per version (1).
             */
            workers?: number | null;
            /**
             * Format: int32
             * @description Requests that may wait (256).
             */
            queue?: number | null;
        };
        /** @description A file or folder of a run. */
        ArtifactBody: {
            /** @description Path below the run's root. */
            path: string;
            /** @description Whether it is a folder. */
            is_dir: boolean;
            /**
             * Format: int64
             * @description Bytes of a file.
             */
            size?: number | null;
        };
        /** @description The files of a folder. */
        ArtifactList: {
            /** @description By path. */
            items: components["schemas"]["ArtifactBody"][];
        };
        /** @description Something that needs somebody. */
        AttentionBody: {
            /** @description `alert`, `data`, `deployment`, `approval` or `pipeline`. */
            kind: string;
            /** @description `warn`, `failed` or `alarm`. */
            severity: string;
            /** @description What it is, in words. */
            text: string;
            /** @description Its page. */
            link: string;
            /**
             * Format: int64
             * @description Since when, in epoch milliseconds.
             */
            time_ms: number;
        };
        /** @description One change or refusal. */
        AuditEventBody: {
            /**
             * Format: int64
             * @description Position in the log, from 1, without holes.
             */
            seq: number;
            /**
             * Format: int64
             * @description When, in epoch milliseconds.
             */
            time_ms: number;
            /** @description A user's name, `system`, or `step:ID`. */
            actor: string;
            /** @description `room.noun.verb`. */
            action: string;
            /** @description The kind of thing. */
            noun: string;
            /** @description The thing's id or name. */
            id: string;
            /** @description `done` or `refused`. */
            outcome: string;
            /** @description What changed. */
            detail: unknown;
            /** @description Hash of the event before. */
            prev_hash: string;
            /** @description BLAKE3 of this event's canonical form. */
            hash: string;
        };
        /** @description A page of the audit log. */
        AuditPage: {
            /** @description Newest first. */
            items: components["schemas"]["AuditEventBody"][];
            /**
             * Format: int64
             * @description Give it as `before` for the next page; absent on the last.
             */
            next_before?: number | null;
        };
        /** @description Whether the chain of hashes holds. */
        AuditVerdict: {
            /** @description Whether every link holds. */
            intact: boolean;
            /**
             * Format: int64
             * @description Events checked, when intact.
             */
            events?: number | null;
            /** @description Hash of the last event, when intact: noted elsewhere, it makes later truncation visible. */
            head?: string | null;
            /**
             * Format: int64
             * @description The first event that does not fit.
             */
            broken_at?: number | null;
            /** @description What does not fit. */
            reason?: string | null;
        };
        /** @description One field of a key that differs. */
        ChangeBody: {
            /** @description The field: `code.src/train.py`, `input.features`, `param.lr`. */
            field: string;
            /** @description The old value; absent when the field is new. */
            before?: string | null;
            /** @description The new value; absent when the field is gone. */
            after?: string | null;
            /** @description The change in words. */
            sentence: string;
        };
        /** @description What a check of the project file found. */
        CheckBody: {
            /** @description Whether the file can be run. */
            ok: boolean;
            /** @description Everything that is wrong, in the order of the file. */
            problems: components["schemas"]["ProblemBody"][];
        };
        /** @description A column that differs. */
        ColumnChangeBody: {
            /** @description Its name. */
            name: string;
            /** @description `added`, `removed`, `type` or `values`. */
            change: string;
            /** @description In words. */
            detail: string;
        };
        /** @description One column's comparison. */
        ColumnDriftBody: {
            /** @description Its name. */
            column: string;
            /** @description `numeric` or `categorical`. */
            kind: string;
            /** @description `steady`, `not_enough_rows`, `warn` or `alarm`. */
            verdict: string;
            /** @description The verdict in words. */
            sentence: string;
            /**
             * Format: int64
             * @description Usable reference values.
             */
            reference_rows: number;
            /**
             * Format: int64
             * @description Usable values of the window.
             */
            window_rows: number;
            /**
             * Format: double
             * @description Greatest distance of the distribution functions, or total variation.
             */
            statistic: number;
            /**
             * Format: double
             * @description Share of the rows that moved for certain.
             */
            moved_share: number;
            /**
             * Format: double
             * @description The smallest shift that would have been an alarm.
             */
            detectable_share: number;
            /**
             * Format: double
             * @description Kolmogorov-Smirnov or chi-square p, uncorrected.
             */
            p_value?: number | null;
            /**
             * Format: double
             * @description Population stability index.
             */
            psi: number;
            /**
             * Format: double
             * @description Jensen-Shannon distance, base 2.
             */
            jensen_shannon: number;
            /**
             * Format: double
             * @description Wasserstein distance over the reference's interquartile range.
             */
            wasserstein_iqr?: number | null;
            /**
             * Format: double
             * @description Share of the model's decisions that rests on it, when known.
             */
            importance?: number | null;
            /** @description What the data-quality checks found. */
            findings: components["schemas"]["QualityFindingBody"][];
            /** @description The two distributions over the reference's bins. */
            bins: components["schemas"]["DriftBinBody"][];
        };
        /** @description Which runs to compare. */
        CompareBody: {
            /** @description Their ids, at most 50. */
            runs: string[];
        };
        /** @description The difference of challenger and champion. */
        ComparisonBody: {
            /**
             * Format: double
             * @description Challenger minus champion.
             */
            difference: number;
            /** @description 95 % interval: low and high end. */
            interval?: number[] | null;
            /**
             * Format: double
             * @description Two-sided p of "no difference".
             */
            p_value?: number | null;
            /** @description How it was found. */
            method: string;
            /**
             * Format: double
             * @description McNemar's p, for classifiers.
             */
            mcnemar_p?: number | null;
        };
        /** @description Runs side by side. */
        ComparisonOfRuns: {
            /** @description In the order that was asked for. */
            runs: components["schemas"]["TrackedRunBody"][];
            /** @description Parameters that are not the same in all of them. */
            differing_params: string[];
            /** @description Metrics that are not the same in all of them. */
            differing_metrics: string[];
        };
        /** @description A contract. */
        ContractBody: {
            /** @description Its file in the project. */
            path: string;
            /** @description Its YAML. */
            text: string;
            /** @description How many rules it has. */
            rules: number;
        };
        /** @description A curve. */
        CurveBody: {
            /** @description By step. */
            items: components["schemas"]["PointBody"][];
        };
        /** @description A version of a data set. */
        DataVersionBody: {
            /** @description The data set. */
            dataset: string;
            /** @description `NAME@vN`, or `NAME@COMMIT` for a refused one. */
            reference: string;
            /** @description Id of the commit. */
            commit: string;
            /** @description Commit of the version before. */
            parent?: string | null;
            /** @description Id of the tree of its files. */
            tree: string;
            /** @description `published` or `rejected`. */
            state: string;
            /**
             * Format: int64
             * @description Its number, when published.
             */
            number?: number | null;
            /** @description Who made it. */
            author: string;
            /**
             * Format: int64
             * @description When, in epoch milliseconds.
             */
            time_ms: number;
            /** @description What the author says. */
            message: string;
            /** @description Where the files came from. */
            origin: string;
            /**
             * Format: int64
             * @description How many files.
             */
            files: number;
            /**
             * Format: int64
             * @description Their bytes.
             */
            size: number;
            /**
             * Format: int64
             * @description Rows, when it is a table.
             */
            rows?: number | null;
            /** @description What breaks the contract. */
            violations: Violation[];
        };
        /** @description A page of versions. */
        DataVersionList: {
            /** @description Newest first. */
            items: components["schemas"]["DataVersionBody"][];
        };
        /** @description A data set. */
        DatasetBody: {
            /** @description Its name. */
            name: string;
            /** @description `table` or `files`. */
            kind: string;
            /** @description Columns that are unique together. */
            key: string[];
            /** @description The column of the rows' time. */
            time_column?: string | null;
            /** @description The contract's file in the project. */
            contract?: string | null;
            /**
             * Format: int64
             * @description When it was first seen, in epoch milliseconds.
             */
            created_ms: number;
            /**
             * Format: int64
             * @description How many versions are published.
             */
            versions: number;
            latest?: components["schemas"]["DataVersionBody"] | null;
            rejected?: components["schemas"]["DataVersionBody"] | null;
        };
        /** @description All data sets. */
        DatasetList: {
            /** @description By name. */
            items: components["schemas"]["DatasetBody"][];
        };
        /** @description One conclusion with its evidence. */
        DecisionBody: {
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description When.
             */
            time_ms: number;
            /** @description `trigger`, `gate`, `rollout`, `approval`. */
            kind: string;
            /** @description About what: `PROJECT/TRIGGER`, `MODEL:VERSION`, a deployment. */
            subject: string;
            /**
             * @description `fired`, `merged`, `suppressed`, `no_change`, `failed`, `accepted`, `rejected`, `waiting_approval`, `advanced`,
             *     `completed`, `rolled_back`.
             */
            outcome: string;
            /** @description Why, in a sentence. */
            reason: string;
            /** @description What it rests on. */
            evidence: unknown;
            /** @description The project it belongs to. */
            project?: string | null;
            /** @description The pipeline run that it started or judged. */
            pipeline_run?: string | null;
        };
        /** @description A list of decisions. */
        DecisionList: {
            /** @description Newest first. */
            items: components["schemas"]["DecisionBody"][];
        };
        /** @description A deployment: what was declared and what it does now. */
        DeploymentBody: {
            /** @description Its name: part of the scoring address `/serve/NAME`. */
            name: string;
            /** @description The model reference that it follows. */
            model: string;
            /** @description The shares by which a new version takes over. */
            canary: string[];
            /**
             * Format: int64
             * @description How long each share lasts.
             */
            every_ms: number;
            /** @description Conditions that end a rollout. */
            rollback: string[];
            /**
             * Format: int64
             * @description Longest time a request may take.
             */
            timeout_ms: number;
            /**
             * Format: int32
             * @description Worker processes per version.
             */
            workers: number;
            /**
             * Format: int32
             * @description Requests that may wait.
             */
            queue: number;
            /** @description `empty`, `starting`, `ready`, `degraded`, `failed`. */
            state: string;
            /** @description What it waits for, or why it failed. */
            message?: string | null;
            live?: components["schemas"]["ServedBody"] | null;
            /** @description Versions served before, the newest last; a rollback returns to that. */
            history: components["schemas"]["ServedBody"][];
            rollout?: components["schemas"]["RolloutBody"] | null;
            /** @description The versions in memory. */
            routes: components["schemas"]["RouteBody"][];
            /**
             * Format: int64
             * @description Requests since the server started.
             */
            requests: number;
            /**
             * Format: double
             * @description Requests per minute over the last minutes.
             */
            requests_per_min: number;
            /**
             * Format: double
             * @description Share of failures over the last minutes, 0 to 1.
             */
            error_rate: number;
            /**
             * Format: double
             * @description Median latency over the last minutes; null without requests.
             */
            p50_ms?: number | null;
            /**
             * Format: double
             * @description 99th percentile of the latency over the last minutes.
             */
            p99_ms?: number | null;
            example?: components["schemas"]["ExampleBody"] | null;
            /**
             * Format: int64
             * @description Grows with every change of what is declared.
             */
            generation: number;
            /**
             * Format: int64
             * @description When it was made.
             */
            created_ms: number;
            /**
             * Format: int64
             * @description When what is declared changed last.
             */
            updated_ms: number;
        };
        /** @description A list of deployments. */
        DeploymentList: {
            /** @description By name. */
            items: components["schemas"]["DeploymentBody"][];
        };
        /** @description What differs between two versions. */
        DiffBody: {
            /** @description Whether the bytes are the same. */
            identical: boolean;
            /** @description The earlier one. */
            from: components["schemas"]["DataVersionBody"];
            /** @description The later one. */
            to: components["schemas"]["DataVersionBody"];
            /**
             * Format: int64
             * @description Rows of the earlier one.
             */
            rows_before?: number | null;
            /**
             * Format: int64
             * @description Rows of the later one.
             */
            rows_after?: number | null;
            /** @description Files, by path. */
            files: components["schemas"]["FileChangeBody"][];
            /** @description Columns. */
            columns: components["schemas"]["ColumnChangeBody"][];
        };
        /** @description One bar of the two histograms. */
        DriftBinBody: {
            /** @description The interval or value. */
            label: string;
            /**
             * Format: double
             * @description Share of the reference's rows.
             */
            reference_share: number;
            /**
             * Format: double
             * @description Share of the window's rows.
             */
            window_share: number;
        };
        /** @description A window of requests compared with what the model was trained on. */
        DriftReportBody: {
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description When it was made, in epoch milliseconds.
             */
            time_ms: number;
            /** @description The deployment. */
            deployment: string;
            /** @description The model. */
            model: string;
            /**
             * Format: int64
             * @description Its version.
             */
            version: number;
            /**
             * Format: int64
             * @description First request's time, in epoch milliseconds.
             */
            from_ms: number;
            /**
             * Format: int64
             * @description End of the window, exclusive.
             */
            to_ms: number;
            /**
             * Format: int64
             * @description Requests in the window.
             */
            rows: number;
            /** @description What they were compared with. */
            reference: string;
            /**
             * Format: int64
             * @description Rows of that.
             */
            reference_rows: number;
            /** @description `steady`, `not_enough_rows`, `warn` or `alarm`. */
            verdict: string;
            /** @description The verdict in words. */
            sentence: string;
            /**
             * Format: double
             * @description Mean moved share of the columns, by importance when it is known.
             */
            moved_share: number;
            /** @description The rule's numbers. */
            settings: components["schemas"]["DriftSettingsBody"];
            /** @description Per input column, the most moved first. */
            columns: components["schemas"]["ColumnDriftBody"][];
            prediction?: components["schemas"]["ColumnDriftBody"] | null;
        };
        /** @description A page of drift reports. */
        DriftReportPage: {
            /** @description Newest first. */
            items: components["schemas"]["DriftReportBody"][];
        };
        /** @description The drift rule's numbers. */
        DriftSettingsBody: {
            /**
             * Format: double
             * @description Chance of a false alarm of one window, over all its columns.
             * @default 0.01
             */
            false_alarm_rate: number;
            /**
             * Format: double
             * @description Share of the rows that must have moved for a warning.
             * @default 0.05
             */
            warn_share: number;
            /**
             * Format: double
             * @description Share of the rows that must have moved for an alarm.
             * @default 0.1
             */
            alarm_share: number;
            /**
             * Format: double
             * @description Rise of a rate of bad values for an alarm.
             * @default 0.02
             */
            quality_share: number;
        };
        /** @description One comparison of models on labelled rows. */
        EvaluationBody: {
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description When, in epoch milliseconds.
             */
            time_ms: number;
            /** @description The project it was made for. */
            project?: string | null;
            /** @description The step run that asked for it. */
            step_run?: string | null;
            /** @description The rows, by content or name. */
            data: string;
            /**
             * Format: int64
             * @description How many.
             */
            rows: number;
            /** @description The label's column. */
            label: string;
            /** @description `binary`, `multiclass` or `regression`. */
            problem: string;
            /** @description The metric that counts. */
            metric: string;
            /** @description The new model. */
            challenger: components["schemas"]["ScoredBody"];
            champion?: components["schemas"]["ScoredBody"] | null;
            comparison?: components["schemas"]["ComparisonBody"] | null;
            /** @description The same per slice. */
            slices: components["schemas"]["SliceBody"][];
            /** @description What came out, in words. */
            sentence: string;
        };
        /** @description Evaluations. */
        EvaluationList: {
            /** @description Newest first. */
            items: components["schemas"]["EvaluationBody"][];
        };
        /** @description One event. */
        EventBody: {
            /**
             * Format: int64
             * @description Its place in the log.
             */
            seq: number;
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description When.
             */
            time_ms: number;
            /** @description `data.published`, `monitor.drift`, `labels.added`, … */
            kind: unknown;
            /** @description The thing it happened to. */
            subject: string;
            /** @description Details. */
            payload: unknown;
        };
        /** @description A page of events. */
        EventPage: {
            /** @description Newest first. */
            items: components["schemas"]["EventBody"][];
            /**
             * Format: int64
             * @description Give it as `before` for the next page; absent on the last.
             */
            next_before?: number | null;
        };
        /** @description Rows that the model was logged with. */
        ExampleBody: {
            /** @description One object per row. */
            rows: Features[];
        };
        /** @description An experiment. */
        ExperimentBody: {
            /** @description Its number. */
            id: string;
            /** @description Its name. */
            name: string;
            /**
             * Format: int64
             * @description When it was made, in epoch milliseconds.
             */
            created_ms: number;
            /**
             * Format: int64
             * @description When it changed last.
             */
            updated_ms: number;
        };
        /** @description All experiments. */
        ExperimentList: {
            /** @description Newest first. */
            items: components["schemas"]["ExperimentBody"][];
        };
        /** @description A file of a version. */
        FileBody: {
            /** @description Where it is. */
            path: string;
            /** @description BLAKE3 of its bytes. */
            file_id: string;
            /**
             * Format: int64
             * @description Their number.
             */
            size: number;
        };
        /** @description A file that differs. */
        FileChangeBody: {
            /** @description Where it is. */
            path: string;
            /** @description `added`, `removed` or `changed`. */
            change: string;
            /**
             * Format: int64
             * @description Its bytes.
             */
            size: number;
        };
        /** @description The files of a version. */
        FileList: {
            /** @description By path. */
            items: components["schemas"]["FileBody"][];
        };
        /** @description The end of a run. */
        FinishBody: {
            status?: components["schemas"]["RunEnd"] | null;
            /**
             * Format: int64
             * @description When, in epoch milliseconds; now when absent.
             */
            end_ms?: number | null;
        };
        /** @description A step in the picture of a pipeline. */
        GraphStep: {
            /** @description The step. */
            name: string;
            /** @description `sql`, `run`, `notebook` or `evaluate`. */
            kind: string;
            /** @description What it reads: `data.flights`, `prepare.features`. */
            inputs: string[];
            /** @description What it makes: `prepare.features`. */
            outputs: string[];
            /** @description What it is cut by: `month(time_hour)`. */
            by?: string | null;
        };
        /** @description What turned out to be true for one prediction. */
        LabelBody: {
            /** @description The prediction's id, as the answer's header gave it. */
            prediction_id: string;
            /** @description A number, true, false or a class name. */
            value: unknown;
            /**
             * Format: int64
             * @description When it became known, in epoch milliseconds; now when left out.
             */
            time_ms?: number | null;
        };
        /** @description What became of the labels. */
        LabelOutcomeBody: {
            /**
             * Format: int64
             * @description Labels of predictions that had none.
             */
            added: number;
            /**
             * Format: int64
             * @description Labels that replaced another value.
             */
            corrected: number;
            /**
             * Format: int64
             * @description Labels that were known already.
             */
            unchanged: number;
            /**
             * Format: int64
             * @description Labels older than the one on record: kept out.
             */
            outdated: number;
            /** @description Ids that no prediction of the deployment has. */
            unknown: string[];
        };
        /** @description Labels of predictions. */
        LabelsBody: {
            /** @description At most 100,000. */
            labels: components["schemas"]["LabelBody"][];
        };
        /** @description A registered model. */
        ModelBody: {
            /** @description Its name. */
            name: string;
            /** @description What it is for. */
            description: string;
            /**
             * Format: int64
             * @description When it was made, in epoch milliseconds.
             */
            created_ms: number;
            /**
             * Format: int64
             * @description When it changed last.
             */
            updated_ms: number;
            /** @description Aliases by name. */
            aliases: components["schemas"]["AliasBody"][];
            /**
             * Format: int64
             * @description The greatest version number so far.
             */
            last_version: number;
            /** @description Versions, newest first. */
            versions: components["schemas"]["ModelVersionBody"][];
        };
        /** @description All models. */
        ModelList: {
            /** @description By name. */
            items: components["schemas"]["ModelBody"][];
        };
        /** @description Which alias goes back. */
        ModelRollbackBody: {
            /** @description The alias; `champion` when absent. */
            alias?: string | null;
        };
        /** @description A version of a model. */
        ModelVersionBody: {
            /** @description The model. */
            name: string;
            /**
             * Format: int64
             * @description Its number, from 1.
             */
            version: number;
            /** @description What it is. */
            description: string;
            /** @description Where it came from. */
            source: string;
            /** @description The tracked run. */
            run?: string | null;
            /** @description Who registered it. */
            user: string;
            /**
             * Format: int64
             * @description When, in epoch milliseconds.
             */
            created_ms: number;
            /** @description Aliases that point here. */
            aliases: string[];
            /** @description Tags. */
            tags: {
                [key: string]: string;
            };
            /** @description What its evaluation measured. */
            metrics: {
                [key: string]: number;
            };
            /** @description Data versions that it was trained from, as `NAME@vN`. */
            data_versions: string[];
            /** @description The pipeline run that made it. */
            pipeline_run?: string | null;
            /** @description The step run that trained it. */
            step_run?: string | null;
            /** @description Key of the environment that it was trained in. */
            environment?: string | null;
            /** @description Tree of the code. */
            code?: string | null;
            /** @description The evaluation that the gate accepted. */
            evaluation?: string | null;
        };
        /** @description A monitor. */
        MonitorBody: {
            /** @description The deployment that it watches. */
            deployment: string;
            /** @description `waiting`, `steady`, `warned` or `alarmed`. */
            state: string;
            /**
             * Format: int64
             * @description The model version that the state is about.
             */
            version?: number | null;
            /** @description Id of the newest drift report. */
            drift_report?: string | null;
            /** @description Id of the newest performance record. */
            performance?: string | null;
            /**
             * Format: int64
             * @description When the last window closed, in epoch milliseconds.
             */
            checked_ms?: number | null;
            /** @description What it watches for. */
            spec: components["schemas"]["SpecBody"];
        };
        /** @description All monitors. */
        MonitorList: {
            /** @description By deployment. */
            items: components["schemas"]["MonitorBody"][];
        };
        /** @description A monitor with its newest findings. */
        MonitorStatusBody: components["schemas"]["MonitorBody"] & {
            drift?: components["schemas"]["DriftReportBody"] | null;
            measured?: components["schemas"]["PerformanceBody"] | null;
            /** @description Alerts that are not closed. */
            alerts: components["schemas"]["AlertBody"][];
            /** @description The newest windows, newest first. */
            windows: components["schemas"]["WindowBody"][];
        };
        /** @description A file of a new version. */
        NewFileBody: {
            /** @description Where it is in the version. */
            path: string;
            /** @description What `PUT /objects` answered. */
            file_id: string;
        };
        /** @description A point of a metric. */
        NewPointBody: {
            /** @description The metric. */
            key: string;
            /**
             * Format: double
             * @description Its value.
             */
            value: number;
            /**
             * Format: int64
             * @description The step of the training, 0 when absent.
             */
            step?: number;
            /**
             * Format: int64
             * @description When, in epoch milliseconds; now when absent.
             */
            time_ms?: number | null;
        };
        /** @description A run to be started. */
        NewRunBody: {
            /** @description Name or number of its experiment; a name that is new makes one. The default experiment when absent. */
            experiment?: string | null;
            /** @description Its name; invented when absent. */
            name?: string | null;
            /**
             * Format: int64
             * @description When it started, in epoch milliseconds; now when absent.
             */
            start_ms?: number | null;
            /** @description Its first tags. */
            tags?: {
                [key: string]: string;
            };
        };
        /** @description Where the loop stands, what needs somebody, what is served. */
        OverviewBody: {
            /** @description The eight stages, in the order of the loop. */
            stages: components["schemas"]["StageBody"][];
            /** @description What needs somebody, newest first. */
            attention: components["schemas"]["AttentionBody"][];
            /** @description What is served. */
            serving: components["schemas"]["ServingBody"][];
        };
        /** @description What to run with. */
        ParamsBody: {
            /** @description Values of parameters; those left out have their defaults. */
            params?: {
                [key: string]: unknown;
            };
        };
        /** @description What the labelled predictions of a window were worth. */
        PerformanceBody: {
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description When it was computed, in epoch milliseconds.
             */
            time_ms: number;
            /** @description The deployment. */
            deployment: string;
            /** @description The model. */
            model: string;
            /**
             * Format: int64
             * @description Its version.
             */
            version: number;
            /**
             * Format: int64
             * @description First request's time, in epoch milliseconds.
             */
            from_ms: number;
            /**
             * Format: int64
             * @description End of the window, exclusive.
             */
            to_ms: number;
            /**
             * Format: int64
             * @description Requests in the window.
             */
            rows: number;
            /**
             * Format: int64
             * @description How many of them have a label.
             */
            labels: number;
            /**
             * Format: double
             * @description Their share.
             */
            completeness: number;
            /** @description `binary`, `multiclass` or `regression`. */
            problem?: string | null;
            /** @description The metric that counts. */
            metric: string;
            /** @description Metrics by name. */
            values: {
                [key: string]: number;
            };
            /** @description 95 % intervals of some of them: low and high end. */
            intervals: {
                [key: string]: number[];
            };
            /** @description The same version's metrics when it was released. */
            at_release: {
                [key: string]: number;
            };
            /** @description `not_enough_labels`, `measured`, `holds`, `doubtful` or `degraded`. */
            verdict: string;
            /** @description The verdict in words. */
            sentence: string;
        };
        /** @description A page of performance records. */
        PerformancePage: {
            /** @description Newest first. */
            items: components["schemas"]["PerformanceBody"][];
        };
        /** @description How labelled predictions are judged. */
        PerformanceSpecBody: {
            /**
             * @description The metric that counts; the problem's usual one when absent.
             * @default null
             */
            metric: string | null;
            /**
             * Format: int64
             * @description Age at which a prediction's label is due, in milliseconds.
             * @default 0
             */
            after_ms: number;
            /**
             * Format: int64
             * @description Labels without which no metric is computed.
             * @default 50
             */
            min_labels: number;
            /**
             * Format: double
             * @description Loss against the release that is an alarm, in the metric's own unit.
             * @default 0.03
             */
            tolerance: number;
            /**
             * Format: double
             * @description Score at which a row is called positive.
             * @default 0.5
             */
            threshold: number;
        };
        /** @description An alert opens when `windows` of the last `of` alarm. */
        PersistenceBody: {
            /**
             * Format: int32
             * @description Alarming windows needed.
             * @default 2
             */
            windows: number;
            /**
             * Format: int32
             * @description Newest windows looked at.
             * @default 3
             */
            of: number;
        };
        /** @description A pipeline. */
        PipelineBody: {
            /** @description The project's name. */
            name: string;
            /** @description The project's folder on the server. */
            root: string;
            /** @description What it is for: problem, metric, target, slices, owners, label. */
            objective: Objective;
            /** @description The parameters a run may set, with default, min, max, choices. */
            params: unknown;
            /** @description The steps, upstream first. */
            graph: components["schemas"]["GraphStep"][];
            /** @description The deployment that accepted models go to. */
            deployment?: string | null;
            /** @description What is wrong with the file as it is now; the last valid definition is in force. */
            problems: components["schemas"]["ProblemBody"][];
            last_run?: components["schemas"]["RunBody"] | null;
            /**
             * Format: int64
             * @description How many runs there have been.
             */
            runs: number;
            /**
             * Format: int64
             * @description When the file last changed.
             */
            updated_ms: number;
        };
        /** @description A list of pipelines. */
        PipelineList: {
            /** @description By name. */
            items: components["schemas"]["PipelineBody"][];
        };
        /** @description What a run would do. */
        PlanBody: {
            /** @description The project. */
            project: string;
            /** @description The values of all parameters. */
            params: {
                [key: string]: unknown;
            };
            /** @description The data versions that every step would see, by source. */
            data: unknown;
            /** @description The tree of the project's files. */
            code_tree: string;
            /** @description Every unit, upstream first. */
            units: components["schemas"]["PlanUnitBody"][];
            /** @description Whether there is nothing to do. */
            done: boolean;
        };
        /** @description What would happen to one unit of a step. */
        PlanUnitBody: {
            /** @description The step. */
            step: string;
            /** @description The partition: `2013-01`. */
            partition?: string | null;
            /** @description The item of `each`. */
            item?: {
                [key: string]: unknown;
            };
            /** @description The unit's key; absent while it hangs on outputs that are still to be made. */
            key?: string | null;
            /** @description `run`, `skip` (nothing changed), `restore` (an earlier result fits again), `wait` (known when steps before it have run). */
            action: string;
            /** @description Why, in a sentence. */
            reason: string;
            /**
             * Format: int64
             * @description How long units of this step took before.
             */
            expected_ms?: number | null;
            /**
             * Format: int64
             * @description Bytes of its inputs.
             */
            input_bytes?: number | null;
            /** @description The step run whose result is taken. */
            from?: string | null;
        };
        /** @description A point of a curve. */
        PointBody: {
            /**
             * Format: int64
             * @description The step.
             */
            step: number;
            /**
             * Format: int64
             * @description When, in epoch milliseconds.
             */
            time_ms: number;
            /**
             * Format: double
             * @description The value; absent when it is not a number.
             */
            value?: number | null;
        };
        /** @description One row's question and answer. */
        PredictionBody: {
            /** @description Its id. */
            id: string;
            /**
             * Format: int64
             * @description When the request arrived.
             */
            time_ms: number;
            /** @description The deployment. */
            deployment: string;
            /** @description The registered model that answered. */
            model: string;
            /**
             * Format: int64
             * @description Its version.
             */
            version: number;
            /** @description `live` or `canary`. */
            route: string;
            /** @description The row by column. */
            features: Features;
            /** @description The answer. */
            output: unknown;
            /**
             * Format: int64
             * @description From the request's arrival to the answer, in microseconds.
             */
            latency_us: number;
            /** @description The caller's id of the request. */
            request_id?: string | null;
        };
        /** @description A list of predictions. */
        PredictionList: {
            /** @description Newest first. */
            items: components["schemas"]["PredictionBody"][];
        };
        /** @description A problem document: what went wrong, where, and the way out. */
        Problem: {
            /** @description `about:blank`: the status and the code say the kind. */
            type: string;
            /** @description The kind of the error in words. */
            title: string;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description What happened to this request and what to do. */
            detail: string;
            /** @description The kind as a stable word: `invalid`, `check_failed`, `not_found`, … */
            code: string;
            /** @description Which field, for `invalid`. */
            field?: string | null;
            /** @description Which check said no, for `check_failed`: `contract`, `gate`, `drift`. */
            check?: string | null;
            /** @description The record that holds the evidence, for `check_failed`. */
            record?: string | null;
            /** @description The request's id, for what is not the caller's fault. */
            request_id?: string | null;
        };
        /** @description Something wrong in a project file. */
        ProblemBody: {
            /** @description The file. */
            file: string;
            /**
             * Format: int64
             * @description Line, from 1.
             */
            line: number;
            /**
             * Format: int64
             * @description Column in characters, from 1.
             */
            column: number;
            /** @description What is wrong. */
            message: string;
            /** @description What would be right. */
            help?: string | null;
        };
        /** @description Which version gets which alias. */
        PromoteBody: {
            /**
             * Format: int64
             * @description The version.
             */
            version: number;
            /** @description The alias; `champion` when absent. */
            alias?: string | null;
        };
        /** @description One data-quality check that found something. */
        QualityFindingBody: {
            /** @description `missing`, `new_category`, `lost_category`, `out_of_range`, `type_change`, `constant` or `absent`. */
            check: string;
            /** @description `warn` or `alarm`. */
            verdict: string;
            /**
             * Format: double
             * @description The rate in the reference.
             */
            reference_share: number;
            /**
             * Format: double
             * @description The rate in the window.
             */
            window_share: number;
            /** @description What was found, in words. */
            sentence: string;
        };
        /** @description Why the traffic is taken back. */
        RollbackBody: {
            /**
             * @description For the record.
             * @default null
             */
            reason: string | null;
        };
        /** @description What a rollback did. */
        RolledBackBody: {
            /** @description The deployment. */
            deployment: string;
            /** @description The registered model. */
            model: string;
            /**
             * Format: int64
             * @description The version that was taken back.
             */
            from_version: number;
            /**
             * Format: int64
             * @description The version that has all traffic.
             */
            to_version: number;
            /** @description Whether the alias `champion` moved with it. */
            alias_moved: boolean;
        };
        /** @description One hand-over of traffic. */
        RolloutBody: {
            /** @description Its id. */
            id: string;
            /** @description The deployment. */
            deployment: string;
            /** @description The registered model of the new version. */
            model: string;
            /**
             * Format: int64
             * @description The new version.
             */
            version: number;
            /**
             * Format: int64
             * @description The version that had the traffic.
             */
            from_version?: number | null;
            /** @description `loading`, `canary`, `done`, `rolled_back`, `failed`, `superseded`. */
            state: string;
            /** @description Position in `shares`, while it is a canary. */
            step?: number | null;
            /** @description The new version's shares, 0 to 1, step by step. */
            shares: number[];
            /**
             * Format: int64
             * @description How long each step lasts.
             */
            every_ms: number;
            /** @description Conditions that end it. */
            rollback: string[];
            /** @description Why it ended, when it did not end well. */
            reason?: string | null;
            /**
             * Format: int64
             * @description When it began.
             */
            started_ms: number;
            /**
             * Format: int64
             * @description When it took its present state.
             */
            since_ms: number;
        };
        /** @description A list of rollouts. */
        RolloutList: {
            /** @description Newest first. */
            items: components["schemas"]["RolloutBody"][];
        };
        /** @description A version in memory. */
        RouteBody: {
            /** @description The registered model. */
            model: string;
            /**
             * Format: int64
             * @description Its version.
             */
            version: number;
            /** @description `live`, `canary`, or `warm`: kept for a rollback. */
            route: string;
            /**
             * Format: double
             * @description Its share of the traffic, 0 to 1.
             */
            share: number;
            /** @description `loading`, `ready`, `failing`, `failed`. */
            state: string;
            /** @description Why it fails. */
            message?: string | null;
            /** @description `python` or `onnx`; null until it is loaded. */
            runtime?: string | null;
            /** @description Why this runtime. */
            runtime_reason?: string | null;
            /**
             * Format: double
             * @description The largest difference to the Python model on the example, when compared.
             */
            max_delta?: number | null;
            /**
             * Format: int64
             * @description Since when it has the traffic, or its share of it.
             */
            since_ms: number;
            /**
             * Format: int64
             * @description Requests since it was loaded.
             */
            requests: number;
            /**
             * Format: int64
             * @description Failures among them.
             */
            errors: number;
            /**
             * Format: double
             * @description Requests per minute over the last minutes.
             */
            requests_per_min: number;
            /**
             * Format: double
             * @description Share of failures over the last minutes, 0 to 1.
             */
            error_rate: number;
            /**
             * Format: double
             * @description Median latency.
             */
            p50_ms?: number | null;
            /**
             * Format: double
             * @description 99th percentile of the latency.
             */
            p99_ms?: number | null;
        };
        /** @description Some rows. */
        RowPage: {
            /** @description The columns, in their order. */
            columns: string[];
            /** @description Values by row, in the order of the columns. */
            rows: unknown[][];
            /**
             * Format: int64
             * @description Rows of the whole version, when known.
             */
            total?: number | null;
        };
        /** @description What a run logs with one call: stored whole or not at all. */
        RunBatchBody: {
            /** @description Points of metrics. */
            metrics?: components["schemas"]["NewPointBody"][];
            /** @description Parameters; another value than the one that is there is refused. */
            params?: {
                [key: string]: string;
            };
            /** @description Tags; they replace those that are there. */
            tags?: {
                [key: string]: string;
            };
        };
        /** @description A pipeline run. */
        RunBody: {
            /** @description Its id. */
            id: string;
            /** @description The project. */
            project: string;
            /**
             * Format: int64
             * @description Counted per project, from 1.
             */
            number: number;
            /** @description `queued`, `running`, `succeeded`, `failed`, `cancelled`. */
            state: string;
            /** @description What started it: `kind` is `manual` (with `actor`) or `trigger` (with `trigger` and `decision`). */
            cause: Cause;
            /** @description The values of all parameters. */
            params: {
                [key: string]: unknown;
            };
            /** @description The data versions that every step sees, by source: dataset, number, commit, tree, rows, files, bytes. */
            data: Pinned;
            /** @description The tree of the project's files. */
            code_tree: string;
            /** @description Why it failed or was cancelled. */
            message?: string | null;
            /**
             * Format: int64
             * @description When it was asked for.
             */
            created_ms: number;
            /**
             * Format: int64
             * @description When its first step could start.
             */
            started_ms?: number | null;
            /**
             * Format: int64
             * @description When it ended.
             */
            finished_ms?: number | null;
        };
        /** @description A run with its steps, the picture of its pipeline, and what was decided about it. */
        RunDetail: components["schemas"]["RunBody"] & {
            /** @description Its step runs, as far as they are planned. */
            steps: components["schemas"]["StepRunBody"][];
            /** @description The steps of the project file that it executes, upstream first. */
            graph: components["schemas"]["GraphStep"][];
            /** @description Decisions that started or judged it, newest first. */
            decisions: components["schemas"]["DecisionBody"][];
        };
        /**
         * @description How a run ended.
         * @enum {string}
         */
        RunEnd: "finished" | "failed" | "killed";
        /** @description A page of runs. */
        RunPage: {
            /** @description Newest first. */
            items: components["schemas"]["RunBody"][];
            /**
             * Format: int64
             * @description Give it as `before` for the next page; absent on the last.
             */
            next_before?: number | null;
        };
        /** @description Which runs. */
        RunSearchBody: {
            /** @description Name or number of an experiment; all of them when absent. */
            experiment?: string | null;
            /** @description What must hold, in the MLflow filter language: `metrics.auc > 0.8 and params.lr = "0.1"`. */
            filter?: string;
            /** @description In which order: `metrics.auc DESC`. */
            order_by?: string[];
            /**
             * Format: int64
             * @description At most this many (100).
             */
            max_results?: number | null;
            /** @description `next_page_token` of the page before. */
            page_token?: string | null;
        };
        /** @description What one model is worth. */
        ScoredBody: {
            /** @description Which model. */
            model: string;
            /**
             * Format: int64
             * @description Its version when it is registered.
             */
            version?: number | null;
            /** @description Metrics by name. */
            values: {
                [key: string]: number;
            };
            /** @description 95 % intervals of some of them: low and high end. */
            intervals: {
                [key: string]: number[];
            };
            /**
             * Format: double
             * @description Half of the one-row requests took at most this, in milliseconds.
             */
            latency_p50_ms?: number | null;
            /**
             * Format: double
             * @description 99 of 100 one-row requests took at most this, in milliseconds.
             */
            latency_p99_ms?: number | null;
            /** @description Whether it loads and answers as it will be served. */
            starts_in_server: boolean;
            /** @description Whether rows answered one by one equal those answered together. */
            no_skew?: boolean | null;
            /** @description Why it did not start, or where it differs. */
            problem?: string | null;
            /** @description The calibration curve: predicted, observed, rows. */
            calibration: number[][];
        };
        /** @description A version that is or was served. */
        ServedBody: {
            /** @description The registered model. */
            model: string;
            /**
             * Format: int64
             * @description Its version.
             */
            version: number;
            /**
             * Format: int64
             * @description Since when it had the traffic.
             */
            since_ms: number;
        };
        /** @description A server. */
        ServerBody: {
            /** @description Its version. */
            version: string;
            /** @description Its home folder. */
            home: string;
            /** @description `sqlite` or `postgresql`. */
            database: string;
            /** @description Names of the projects that it works for. */
            projects: string[];
        };
        /** @description A version that answers. */
        ServingBody: {
            /** @description The deployment. */
            deployment: string;
            /** @description The registered model. */
            model: string;
            /**
             * Format: int64
             * @description Its version.
             */
            version: number;
            /** @description `starting`, `ready`, `degraded` or `failed`; `canary` for a version on trial. */
            state: string;
            /**
             * Format: double
             * @description Requests per minute over the last minutes.
             */
            requests_per_min: number;
            /**
             * Format: double
             * @description Share of failures over the last minutes.
             */
            error_rate: number;
            /**
             * Format: double
             * @description 99th percentile of the latency over the last minutes, in milliseconds; absent without requests.
             */
            p99_ms?: number | null;
        };
        /** @description One value of a slice column. */
        SliceBody: {
            /** @description The column. */
            column: string;
            /** @description The value. */
            value: string;
            /**
             * Format: int64
             * @description Rows.
             */
            rows: number;
            /** @description The challenger's metrics. */
            challenger: {
                [key: string]: number;
            };
            /** @description The champion's. */
            champion?: {
                [key: string]: number;
            } | null;
        };
        /** @description What a deployment is watched for; fields that are left out have their usual values. */
        SpecBody: {
            /**
             * @description The drift rule's numbers.
             * @default {
             *       "false_alarm_rate": 0.01,
             *       "warn_share": 0.05,
             *       "alarm_share": 0.1,
             *       "quality_share": 0.02
             *     }
             */
            drift: components["schemas"]["DriftSettingsBody"];
            /**
             * @description How requests are cut into windows.
             * @default {
             *       "rows": 1000,
             *       "min_rows": 100,
             *       "max_ms": 86400000
             *     }
             */
            windows: components["schemas"]["WindowsBody"];
            /**
             * @description How many windows must agree before an alert.
             * @default {
             *       "windows": 2,
             *       "of": 3
             *     }
             */
            persistence: components["schemas"]["PersistenceBody"];
            /**
             * @description What labels are judged by.
             * @default {
             *       "metric": null,
             *       "after_ms": 0,
             *       "min_labels": 50,
             *       "tolerance": 0.03,
             *       "threshold": 0.5
             *     }
             */
            performance: components["schemas"]["PerformanceSpecBody"];
            /**
             * Format: int64
             * @description Silence longer than this is an alert, in milliseconds.
             * @default null
             */
            freshness_ms: number | null;
            /**
             * @description Share of the model's decisions that rests on each column, when known.
             * @default {}
             */
            importance: {
                [key: string]: number;
            };
        };
        /** @description One stage of the loop. */
        StageBody: {
            /** @description `collect`, `analyse`, `prepare`, `train`, `validate`, `serve`, `monitor` or `retrain`. */
            stage: string;
            /** @description `ok`, `running`, `waiting`, `warn` or `failed`. */
            state: string;
            /** @description The newest thing. */
            headline: string;
            /** @description More about it. */
            detail: string;
            /** @description Its page. */
            link: string;
        };
        /** @description One unit of a step within a run. */
        StepRunBody: {
            /** @description Its id. */
            id: string;
            /** @description The step. */
            step: string;
            /** @description The partition: `2013-01`. */
            partition?: string | null;
            /** @description The item of `each`. */
            item?: {
                [key: string]: unknown;
            };
            /** @description What names its result. */
            key: string;
            /** @description `ready`, `claimed`, `running`, `succeeded`, `failed`, `cancelled`, `skipped`, `restored`. */
            state: string;
            /**
             * Format: int64
             * @description Attempts so far.
             */
            attempt: number;
            /** @description Why it runs or need not, in a sentence. */
            reason: string;
            /** @description The tracked run of the latest attempt. */
            tracked_run?: string | null;
            /** @description Why the latest attempt failed: `cause`, `message`, `exit_code`. */
            failure?: StepFailure;
            /**
             * Format: int64
             * @description When it was planned.
             */
            created_ms: number;
            /**
             * Format: int64
             * @description When the latest attempt started.
             */
            started_ms?: number | null;
            /**
             * Format: int64
             * @description When it ended.
             */
            finished_ms?: number | null;
        };
        /** @description A stored file. */
        StoredBody: {
            /** @description BLAKE3 of its bytes. */
            file_id: string;
            /**
             * Format: int64
             * @description Their number.
             */
            size: number;
        };
        /** @description What to try. */
        TestBody: {
            /** @description A contract's YAML; the data set's own when absent. */
            contract?: string | null;
            /** @description What that YAML's file is called in the answer's places; `contracts/NAME.yaml` when absent. */
            path?: string | null;
        };
        /** @description A run. */
        TrackedRunBody: {
            /** @description Its id. */
            id: string;
            /** @description Its name, not unique. */
            name: string;
            /** @description The number of its experiment. */
            experiment: string;
            /** @description `running`, `scheduled`, `finished`, `failed` or `killed`. */
            status: string;
            /** @description Who ran it. */
            user: string;
            /**
             * Format: int64
             * @description When it started, in epoch milliseconds.
             */
            start_ms?: number | null;
            /**
             * Format: int64
             * @description When it ended.
             */
            end_ms?: number | null;
            /** @description The newest value of each metric. */
            metrics: {
                [key: string]: number;
            };
            /** @description Parameters. */
            params: {
                [key: string]: string;
            };
            /** @description Tags. */
            tags: {
                [key: string]: string;
            };
        };
        /** @description A page of runs. */
        TrackedRunPage: {
            /** @description In the order that was asked for, newest first otherwise. */
            items: components["schemas"]["TrackedRunBody"][];
            /** @description Give it as `page_token` for the next page; absent on the last. */
            next_page_token?: string | null;
        };
        /** @description What a contract says to one version. */
        TrialBody: {
            /** @description `NAME@vN`. */
            version: string;
            /** @description Whether it would have been published. */
            passes: boolean;
            /** @description What breaks it. */
            violations: Violation[];
        };
        /** @description What a contract says to the history. */
        TrialList: {
            /** @description Newest version first. */
            items: components["schemas"]["TrialBody"][];
        };
        /** @description A trigger. */
        TriggerBody: {
            /** @description The project. */
            project: string;
            /** @description Its name within the project. */
            name: string;
            /** @description `data`, `schedule`, `drift`, `performance`. */
            kind: string;
            /** @description The rule in words. */
            rule: string;
            /** @description Why it is paused; absent when it is not. */
            paused?: string | null;
            /**
             * Format: int64
             * @description When it last started a run.
             */
            last_fired_ms?: number | null;
            /**
             * Format: int64
             * @description When a schedule is next due.
             */
            next_due_ms?: number | null;
            last_decision?: components["schemas"]["DecisionBody"] | null;
        };
        /** @description A list of triggers. */
        TriggerList: {
            /** @description By project, in the order of its file. */
            items: components["schemas"]["TriggerBody"][];
        };
        /** @description Why a step would run or need not. */
        WhyBody: {
            /** @description The step. */
            step: string;
            /** @description One entry per unit. */
            units: components["schemas"]["WhyUnitBody"][];
        };
        /** @description Why one unit would run or need not. */
        WhyUnitBody: {
            /** @description The partition: `2013-01`. */
            partition?: string | null;
            /** @description The item of `each`. */
            item?: {
                [key: string]: unknown;
            };
            /** @description `run`, `skip`, `restore`, `wait`. */
            action: string;
            /** @description Why, in a sentence. */
            reason: string;
            /** @description The step run that it is compared with. */
            compared_with?: string | null;
            /** @description Every field of the key that differs. */
            changes: components["schemas"]["ChangeBody"][];
        };
        /** @description A closed window of one version's requests. */
        WindowBody: {
            /** @description The model. */
            model: string;
            /**
             * Format: int64
             * @description Its version.
             */
            version: number;
            /**
             * Format: int64
             * @description First request's time, in epoch milliseconds.
             */
            from_ms: number;
            /**
             * Format: int64
             * @description End, exclusive.
             */
            to_ms: number;
            /**
             * Format: int64
             * @description Requests in it.
             */
            rows: number;
            /** @description Id of its drift report. */
            drift_report?: string | null;
            /** @description Id of its newest performance record. */
            performance?: string | null;
        };
        /** @description A window ends when it has `rows` requests, or after `max_ms` if it has `min_rows` by then. */
        WindowsBody: {
            /**
             * Format: int64
             * @description Requests that make a window full.
             * @default 1000
             */
            rows: number;
            /**
             * Format: int64
             * @description Requests that a window needs at least.
             * @default 100
             */
            min_rows: number;
            /**
             * Format: int64
             * @description Age at which a window ends, in milliseconds.
             * @default 86400000
             */
            max_ms: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
