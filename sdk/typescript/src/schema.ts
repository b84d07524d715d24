// Generated from the service's OpenAPI document by generate.mjs. Do not edit: run `make sdk-typescript`.

export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the paths of the documentation */
        get: operations["get_index"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List all users' devices */
        get: operations["list_all_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/devices/{device_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get any user's device */
        get: operations["get_any_device"];
        /**
         * Update any user's device
         * @description `rate_limits` overrides the service's rate limits for this device.
         */
        put: operations["update_any_device"];
        post?: never;
        /**
         * Delete any user's device
         * @description Its key stops working immediately; its telemetry is removed in the background.
         */
        delete: operations["delete_any_device"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/devices/{device_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Set the status of any user's device */
        put: operations["set_device_status"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/devices/statuses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the status and presence of all devices */
        get: operations["list_device_statuses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/admin/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get totals of the whole service
         * @description Telemetry and cache figures are estimates.
         */
        get: operations["get_statistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alert-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the caller's alert rules
         * @description Administrators see all. Scope of personal access tokens: `read`.
         */
        get: operations["list_alert_rules"];
        put?: never;
        /**
         * Create an alert rule
         * @description It is evaluated as readings arrive, by their event time.
         *
         *     Late readings are ignored: nothing is raised for the past. A rule of a group also covers devices that join later. Scope of personal access tokens: `write`.
         */
        post: operations["create_alert_rule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alert-rules/{rule_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an alert rule
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["get_alert_rule"];
        /**
         * Update an alert rule
         * @description Its evaluation begins anew; open alerts of a rule that is disabled are resolved. Scope of personal access tokens: `write`.
         */
        put: operations["update_alert_rule"];
        post?: never;
        /**
         * Delete an alert rule
         * @description Its open alerts are resolved within seconds. Scope of personal access tokens: `write`.
         */
        delete: operations["delete_alert_rule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alert-rules/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replay a rule over stored records
         * @description The response lists when it would have fired; no alert is raised.
         *
         *     Conditions that readings alone never fulfil, `offline` and `no_data`, cannot be replayed. Scope of personal access tokens: `read`.
         */
        post: operations["replay_alert_rule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List alerts, the newest first
         * @description Users see the alerts of their devices; administrators see all.
         *
         *     A page also ends at 1 MiB of `details`: follow `next_cursor` until it is null. Scope of personal access tokens: `read`.
         */
        get: operations["list_alerts"];
        put?: never;
        /**
         * Raise an alert about a device by hand
         * @description Scope of personal access tokens: `write`.
         */
        post: operations["create_alert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an alert
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["get_alert"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Acknowledge an active alert
         * @description Scope of personal access tokens: `write`.
         */
        post: operations["acknowledge_alert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{alert_id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Resolve an active or acknowledged alert
         * @description Its rule raises the next one after its condition has cleared. Scope of personal access tokens: `write`.
         */
        post: operations["resolve_alert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/analytics/devices/{device_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Summarize what a device measured and sent
         * @description The time range has at most 400 days.
         *
         *     Statistics of each name with numbers, by event time; messages per day and uptime, by time of receipt. Booleans and
         *     texts are left out. Scope of personal access tokens: `read`.
         */
        get: operations["get_device_analytics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/analytics/devices/{device_id}/forecast": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Forecast the hourly means of a measurement
         * @description From the current hour on, with intervals and a backtest. The history has at most 14 days; from three days on, the
         *     forecast has a daily season. Scope of personal access tokens: `read`.
         */
        get: operations["get_device_forecast"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/analytics/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List reports without their results, the newest first
         * @description Users see their own; administrators see all. Scope of personal access tokens: `read`.
         */
        get: operations["list_reports"];
        put?: never;
        /**
         * Request a report
         * @description It is computed in the background: poll it until its `status` is not `pending`.
         *
         *     Relative times of the period are resolved now. The newest 100 reports of an account are kept. Scope of personal access tokens: `write`.
         */
        post: operations["create_report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/analytics/reports/{report_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a report with its result
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["get_report"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/analytics/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Summarize a user's devices, their activity and alerts
         * @description The time range has at most 31 days. Scope of personal access tokens: `read`.
         */
        get: operations["get_user_analytics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in
         * @description Returns an access token for a username or email address and its password.
         */
        post: operations["login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log out
         * @description Revokes the access token of the request.
         */
        post: operations["logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create an account
         * @description Requires an administrator's token if registration is closed.
         */
        post: operations["register_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in with the OAuth 2.0 password form
         * @description Used by Authorize in `/docs`.
         */
        post: operations["login_with_form"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{device_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a device
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["get_device"];
        put?: never;
        post?: never;
        /**
         * Delete a device
         * @description Its key stops working immediately; its telemetry is removed in the background. Scope of personal access tokens: `write`.
         */
        delete: operations["delete_device"];
        options?: never;
        head?: never;
        /**
         * Update a device
         * @description Scope of personal access tokens: `write`.
         */
        patch: operations["update_device"];
        trace?: never;
    };
    "/api/v1/devices/{device_id}/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a device's settings
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["get_device_config"];
        /**
         * Replace a device's settings
         * @description The version rises by one. Scope of personal access tokens: `write`.
         */
        put: operations["update_device_config"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{device_id}/config/versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the versions of a device's settings
         * @description The last 20 are kept; the newest, which applies, comes first. Scope of personal access tokens: `read`.
         */
        get: operations["list_config_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{device_id}/config/versions/{version}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a version of a device's settings
         * @description 404 for a version that is no longer kept. Scope of personal access tokens: `read`.
         */
        get: operations["get_config_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{device_id}/config/versions/{version}/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Restore a version of a device's settings
         * @description They become a new version, one higher than the current one. Scope of personal access tokens: `write`.
         */
        post: operations["restore_config_version"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{device_id}/credentials/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rotate a device's API key
         * @description The previous key works until the grace period ends; older keys stop working. Scope of personal access tokens: `write`.
         */
        post: operations["rotate_device_key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{device_id}/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the groups that contain a device
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["list_groups_of_device"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/{device_id}/metadata": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a device's metadata
         * @description Empty before the first change. Scope of personal access tokens: `read`.
         */
        get: operations["get_device_metadata"];
        /**
         * Set a device's tags, attributes and position
         * @description The same as PATCH: absent fields keep their values. Scope of personal access tokens: `write`.
         */
        put: operations["set_device_metadata"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update some of a device's metadata
         * @description Given fields are replaced as a whole. Scope of personal access tokens: `write`.
         */
        patch: operations["update_device_metadata"];
        trace?: never;
    };
    "/api/v1/devices/{device_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a device and its presence
         * @description Also the newest time of its telemetry. Scope of personal access tokens: `read`.
         */
        get: operations["get_device_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the calling device's settings */
        get: operations["get_own_config"];
        /**
         * Update the calling device's state and settings
         * @description A device cannot end its maintenance.
         */
        put: operations["update_own_config"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/credentials": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get details of the API key in use
         * @description Never returns the key itself.
         */
        get: operations["get_own_credentials"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a heartbeat
         * @description Every request of a device counts as one.
         */
        post: operations["send_heartbeat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register a device
         * @description The response contains its API key, which is not shown again. Scope of personal access tokens: `write`.
         */
        post: operations["register_device"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search your devices by their metadata
         * @description All conditions hold; without one, all devices that have metadata match. Scope of personal access tokens: `read`.
         */
        get: operations["search_devices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the calling device's status */
        get: operations["get_own_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices/user/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a user's devices
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["list_devices_of_user"];
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
        /**
         * List events
         * @description An event is a change of an account, device, group, key or config, and its author.
         *
         *     The newest events come first. Users see the events of their account; administrators see all. Scope of personal access tokens: `read`.
         */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the caller's groups
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["list_groups"];
        put?: never;
        /**
         * Create a group
         * @description Scope of personal access tokens: `write`.
         */
        post: operations["create_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{group_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a group and its devices
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["get_group"];
        /**
         * Update a group
         * @description Scope of personal access tokens: `write`.
         */
        put: operations["update_group"];
        post?: never;
        /**
         * Delete a group
         * @description Its devices are kept. Scope of personal access tokens: `write`.
         */
        delete: operations["delete_group"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{group_id}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a group's devices
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["list_devices_of_group"];
        put?: never;
        /**
         * Add a device to a group
         * @description Both must have the same owner. Scope of personal access tokens: `write`.
         */
        post: operations["add_device_to_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{group_id}/devices/{device_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a device from a group
         * @description Scope of personal access tokens: `write`.
         */
        delete: operations["remove_device_from_group"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/groups/{group_id}/devices/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add many devices to a group
         * @description The response lists the outcome for each device. Scope of personal access tokens: `write`.
         */
        post: operations["add_devices_to_group"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream live events of the caller's devices
         * @description They are server-sent events: `telemetry` (`device_id`, `timestamp`, `measurements`, null for more than 8 KiB),
         *     `alert` (the `alert` that was raised or changed), `status` (`device_id`, `event_type`, `timestamp`, `details`),
         *     `missed` (events before it may be missing), and `end` with a `reason`: `stopping`, `credentials`, `deleted` or
         *     `slow`. A comment every 15 s keeps the connection alive. Scope of personal access tokens: `read`.
         */
        get: operations["stream_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telemetry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Submit a record
         * @description It is stored durably before the response is sent.
         *
         *     The body may be compressed with `Content-Encoding: gzip`. A null in `data` is no reading: it is not stored, and
         *     `ignored` lists its name. A repetition with the same `Idempotency-Key` is stored once.
         */
        post: operations["submit_telemetry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telemetry/{device_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List a device's records within a time range
         * @description A page also ends at 100,000 values or 8 MiB, never within a record: follow `next_cursor` until it is null.
         *     `Accept: text/csv` returns CSV: the column `timestamp` and one of each name (of `fields`, or all of the device's),
         *     no metadata; the header `Link` has the next page. Scope of personal access tokens: `read`.
         */
        get: operations["get_telemetry"];
        put?: never;
        post?: never;
        /**
         * Delete a device's telemetry within a time range
         * @description The half-open range is given in the body or in the query. Scope of personal access tokens: `write`.
         */
        delete: operations["delete_telemetry"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telemetry/{device_id}/aggregated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Aggregate a measurement by time window
         * @description Windows without values are omitted.
         *
         *     `Accept: text/csv` returns CSV with the columns `timestamp`, `value` and `count`. Scope of personal access tokens: `read`.
         */
        get: operations["aggregate_telemetry"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telemetry/{device_id}/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Submit up to 10,000 records on behalf of a device
         * @description For back-fills and gateways.
         *
         *     The device's presence and status do not change. The body has the format of a device's batch. Scope of personal access tokens: `telemetry`.
         */
        post: operations["import_telemetry_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telemetry/{device_id}/latest": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a device's latest values
         * @description Latest by event time: late data never replaces newer values. Scope of personal access tokens: `read`.
         */
        get: operations["get_latest_telemetry"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telemetry/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Submit up to 10,000 records at once
         * @description Valid records are stored even if others are rejected.
         *
         *     The body may also be NDJSON, one record per line, with the content type `application/x-ndjson`. Either may be
         *     compressed with `Content-Encoding: gzip`. A null in `data` is no reading and is not stored.
         */
        post: operations["submit_telemetry_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telemetry/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Check whether the service accepts telemetry */
        get: operations["get_telemetry_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telemetry/user/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the records of all of a user's devices
         * @description The newest records come first. A page also ends at 100,000 values or 8 MiB: follow `next_cursor` until it is null. Scope of personal access tokens: `read`.
         */
        get: operations["list_telemetry_of_user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List all accounts
         * @description Ordered by time of registration.
         */
        get: operations["list_users"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get an account
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["get_user"];
        /**
         * Update an account
         * @description A new password revokes all of its access tokens from logins.
         *
         *     Its personal access tokens stay valid unless `revoke_tokens` is true.
         */
        put: operations["update_user"];
        post?: never;
        /**
         * Delete an account, its devices, groups and telemetry
         * @description Its events are kept, without names and addresses.
         */
        delete: operations["delete_user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Reactivate a suspended account
         * @description Its tokens and its devices' keys work again.
         */
        patch: operations["activate_user"];
        trace?: never;
    };
    "/api/v1/users/{user_id}/deactivate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Suspend an account
         * @description Its tokens and its devices' keys stop working immediately.
         */
        patch: operations["deactivate_user"];
        trace?: never;
    };
    "/api/v1/users/{user_id}/preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get your preferences
         * @description An empty object before they are set. Scope of personal access tokens: `read`.
         */
        get: operations["get_preferences"];
        /**
         * Set your preferences
         * @description The body, any JSON object of at most 64 KiB, replaces them as a whole.
         */
        put: operations["set_preferences"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List an account's personal access tokens
         * @description Expired ones are listed until they are deleted.
         */
        get: operations["list_personal_tokens"];
        put?: never;
        /**
         * Create a personal access token
         * @description The response contains its secret, which is not shown again.
         */
        post: operations["create_personal_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{user_id}/tokens/{token_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revoke a personal access token
         * @description It stops working immediately.
         */
        delete: operations["revoke_personal_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the caller's webhooks
         * @description Administrators see all. Scope of personal access tokens: `read`.
         */
        get: operations["list_webhooks"];
        put?: never;
        /**
         * Create a webhook
         * @description The response contains its secret, which is not shown again.
         *
         *     It receives the alerts of the rules whose `webhook_url` is its URL. Requests are signed as Standard Webhooks
         *     describes (`webhook-id`, `webhook-timestamp`, `webhook-signature`), and repeated until the receiver answers 2xx. Scope of personal access tokens: `write`.
         */
        post: operations["create_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Get a webhook
         * @description Scope of personal access tokens: `read`.
         */
        get: operations["get_webhook"];
        /**
         * Update a webhook
         * @description Its rules stay with it, and deliveries that wait are sent by its new fields. Scope of personal access tokens: `write`.
         */
        put: operations["update_webhook"];
        post?: never;
        /**
         * Delete a webhook with its deliveries
         * @description Its rules remain, without a webhook. Scope of personal access tokens: `write`.
         */
        delete: operations["delete_webhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the deliveries of a webhook, the newest first
         * @description They are those that wait, and the latest ones that are delivered or dead. Scope of personal access tokens: `read`.
         */
        get: operations["list_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a delivery again that is delivered or dead
         * @description It keeps its id, and has all its attempts. Scope of personal access tokens: `write`.
         */
        post: operations["replay_delivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhook_id}/secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace the secret of a webhook
         * @description The former one signs nothing from now on. Scope of personal access tokens: `write`.
         */
        post: operations["rotate_webhook_secret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the health of the service */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Check that the process runs */
        get: operations["get_liveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Check whether the service is ready for traffic */
        get: operations["get_readiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get the version, uptime and databases of the service */
        get: operations["get_status"];
        put?: never;
        post?: never;
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
        /** @description An account's devices now, and what happened within a time range. */
        AccountAnalytics: {
            /** @description Alerts that were raised within the range. */
            alerts_by_severity: components["schemas"]["SeverityCounts"];
            devices: components["schemas"]["OwnedDeviceCounts"];
            /** @description Null: the range is open. */
            end_time: string | null;
            /** @description Estimates, by time of receipt; days without are omitted. */
            messages_per_day: components["schemas"]["DayCount"][];
            /** @description The 10 devices with the most submissions within the range, the most first. */
            most_active_devices: components["schemas"]["ActiveDevice"][];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            start_time: string;
            /** Format: uuid */
            user_id: string;
        };
        /** @description How much a device sent. */
        ActiveDevice: {
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /**
             * @description Null: deleted a moment ago.
             * @example weather-station
             */
            device_name: string | null;
            /**
             * Format: int64
             * @example 288
             */
            messages: number;
            /**
             * Format: int64
             * @example 864
             */
            points: number;
        };
        /** @description The author of a change. */
        Actor: {
            /**
             * @description Id of the user or device.
             * @example 1
             */
            id: string;
            /** @enum {string} */
            type: "user" | "device";
        };
        /**
         * @description A device to add to a group.
         * @example {
         *       "device_id": 1
         *     }
         */
        AddDeviceRequest: {
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
        };
        /**
         * @description Devices to add to a group.
         * @example {
         *       "device_ids": [
         *         1,
         *         2
         *       ]
         *     }
         */
        AddDevicesRequest: {
            device_ids: number[];
        };
        /** @description The outcome for each device id of the request. */
        AddDevicesResult: {
            /**
             * @description Devices added to the group.
             * @example [
             *       1
             *     ]
             */
            added: number[];
            /**
             * @description Ids that belong to no device of the group's owner.
             * @example []
             */
            not_found: number[];
            /**
             * @description Devices that were in the group already.
             * @example [
             *       2
             *     ]
             */
            skipped: number[];
        };
        /** @description A device, with the fields that only administrators see. */
        AdminDevice: {
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example Under the south window */
            description: string | null;
            /** @example weather_station */
            device_type: string;
            /** @example 1.4.2 */
            firmware_version: string | null;
            /** @example B */
            hardware_version: string | null;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @description Time of the device's latest request; null before the first. */
            last_seen: string | null;
            /** @example Bench 3 */
            location: string | null;
            /** @example greenhouse-1 */
            name: string;
            /**
             * @description Seconds after a request for which the device is online. Null: `IOTFLOW_ONLINE_WINDOW_SECONDS`.
             * @example 900
             */
            online_window: number | null;
            /** @description The device's rate limits; null if the service's settings apply. */
            rate_limits: components["schemas"]["DeviceRateLimits"] | null;
            /** @example active */
            status: components["schemas"]["DeviceStatus"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The device's owner.
             */
            user_id: string;
        };
        /** @description A page of devices, with the fields that only administrators see. */
        AdminDeviceList: {
            devices: components["schemas"]["AdminDevice"][];
            meta: components["schemas"]["PageInfo"];
        };
        /** @description One device, with the fields that only administrators see. */
        AdminDeviceResponse: {
            device: components["schemas"]["AdminDevice"];
        };
        /**
         * @description An administrator's changes of a device. Absent fields keep their values; null clears a field.
         * @example {
         *       "rate_limits": {
         *         "points_per_second": 1000,
         *         "requests_per_second": 10
         *       }
         *     }
         */
        AdminDeviceUpdate: {
            description?: string | null;
            /** @example weather_station */
            device_type?: string;
            firmware_version?: string | null;
            hardware_version?: string | null;
            location?: string | null;
            /**
             * @description Without control characters and spaces at either end, with at least one visible character.
             * @example greenhouse-1
             */
            name?: string;
            online_window?: number | null;
            /** @description Rate limits of this device; both values are replaced. Null: the service's settings apply. */
            rate_limits?: components["schemas"]["DeviceRateLimits"] | null;
            status?: components["schemas"]["DeviceStatus"];
        };
        /** @description One statistic per window. Windows without values are omitted. */
        AggregateResult: {
            aggregation: components["schemas"]["Aggregation"];
            data: components["schemas"]["WindowValue"][];
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @example temperature */
            field: string;
            /** @example 1h */
            window: string;
        };
        /**
         * @description A statistic of the values in a window.
         * @enum {string}
         */
        Aggregation: "mean" | "sum" | "count" | "min" | "max" | "first" | "last" | "stddev" | "increase";
        /** @description An alert about a device. A rule has at most one unresolved alert about each device. */
        Alert: {
            acknowledged_at: string | null;
            /** @description The user who acknowledged it. */
            acknowledged_by: string | null;
            alert_type: components["schemas"]["AlertType"];
            /**
             * Format: int64
             * @description Readings that fulfilled the rule since it fired. It may lag by a minute of event time.
             * @example 1
             */
            count: number;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @description Of a rule's alert: `rule`, its name, and `signal`, what fired it. */
            details: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @description Time of the reading that fired the rule. */
            fired_at: string | null;
            /** Format: uuid */
            id: string;
            /** @example Storm: wind_gust is 51.8, greater than 45 */
            message: string;
            resolved_at: string | null;
            /**
             * @description Null: a person raised it.
             * @example 1
             */
            rule_id: number | null;
            severity: components["schemas"]["Severity"];
            status: components["schemas"]["AlertStatus"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The device's owner.
             */
            user_id: string;
        };
        /**
         * @description The change of an alert that is sent.
         * @enum {string}
         */
        AlertChange: "raised" | "resolved";
        /**
         * @description The condition of an alert rule. `type` decides which of the other fields it has.
         *
         *     `threshold`: `field`, `op`, `value`, `hysteresis`. `rate`: also `per_second`. `anomaly`: `field`, `z`, `hysteresis`.
         *     `offline`: `after_seconds`. `no_data`: `field`, `after_seconds`.
         * @example {
         *       "field": "wind_gust",
         *       "hysteresis": 5,
         *       "op": "gt",
         *       "type": "threshold",
         *       "value": 45
         *     }
         */
        AlertCondition: {
            /**
             * Format: int32
             * @description Of `offline` and `no_data`: the length of the silence.
             * @example 900
             */
            after_seconds?: number;
            /**
             * @description Name of the measurement.
             * @example wind_gust
             */
            field?: string;
            /**
             * Format: double
             * @description While firing, the limit is eased by this: 45 with 5 clears at 40. Default: 0.
             * @example 5
             */
            hysteresis?: number;
            /**
             * @description How the reading, or its rate, is compared with `value`.
             * @example gt
             */
            op?: components["schemas"]["Comparison"];
            /**
             * Format: double
             * @description Of a rate: the unit of time in seconds. `value: -2, per_second: 3600` is a fall by 2 per hour. Default: 1.
             * @example 3600
             */
            per_second?: number;
            /** @example threshold */
            type: components["schemas"]["ConditionType"];
            /**
             * @description A number; of a threshold with `eq` or `ne` also a boolean or a text. Readings of another type are ignored.
             * @example 45
             */
            value?: components["schemas"]["MeasuredValue"];
            /**
             * Format: double
             * @description Of an anomaly: the distance from the mean in standard deviations.
             * @example 4
             */
            z?: number;
        };
        /**
         * @description An alert to raise by hand.
         * @example {
         *       "alert_type": "maintenance",
         *       "device_id": 1,
         *       "message": "The filter is due",
         *       "severity": "info"
         *     }
         */
        AlertCreate: {
            /** @description Default: `custom`. */
            alert_type?: components["schemas"]["ManualAlertType"];
            /** @description Any facts, at most 16,384 bytes as JSON. Default: `{}`. */
            details?: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @example The filter is due */
            message: string;
            /** @example warning */
            severity: components["schemas"]["Severity"];
        };
        /** @description A page of alerts, newest first. */
        AlertList: {
            alerts: components["schemas"]["Alert"][];
            /**
             * @description Cursor of the next page; null on the last page.
             * @example null
             */
            next_cursor: string | null;
        };
        /** @description One alert. */
        AlertResponse: {
            alert: components["schemas"]["Alert"];
        };
        /** @description An alert rule. */
        AlertRule: {
            condition: components["schemas"]["AlertCondition"];
            /**
             * Format: int64
             * @example 0
             */
            cooldown_seconds: number;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /**
             * @description The device that the rule covers.
             * @example 1
             */
            device_id: number | null;
            /** @description Whether the owner receives the alerts by e-mail. */
            email: boolean;
            enabled: boolean;
            /**
             * Format: int64
             * @example 0
             */
            for_seconds: number;
            /**
             * @description The group whose devices the rule covers, also those that join later.
             * @example null
             */
            group_id: number | null;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @example Storm */
            name: string;
            severity: components["schemas"]["Severity"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The owner of the device or group.
             */
            user_id: string;
            /**
             * @description The id of that webhook.
             * @example null
             */
            webhook_id: number | null;
            /**
             * @description The URL of the webhook that receives the alerts.
             * @example null
             */
            webhook_url: string | null;
        };
        /**
         * @description An alert rule to create. It covers either a device or the devices of a group.
         * @example {
         *       "condition": {
         *         "field": "wind_gust",
         *         "hysteresis": 5,
         *         "op": "gt",
         *         "type": "threshold",
         *         "value": 45
         *       },
         *       "device_id": 1,
         *       "name": "Storm",
         *       "severity": "warning"
         *     }
         */
        AlertRuleCreate: {
            condition: components["schemas"]["AlertCondition"];
            /**
             * Format: int32
             * @description Seconds of event time after the condition cleared in which the rule does not fire again. Default: `0`.
             */
            cooldown_seconds?: number;
            /** @description The device to cover. */
            device_id?: number | null;
            /** @description Send the alerts to the owner's address, collected in one e-mail at a time. Refused by a service that sends no e-mail. Default: `false`. */
            email?: boolean;
            /** @description Default: `true`. */
            enabled?: boolean;
            /**
             * Format: int32
             * @description Seconds of event time that the condition must hold. Default: `0`.
             */
            for_seconds?: number;
            /** @description The group whose devices to cover. */
            group_id?: number | null;
            /**
             * @description Without control characters and spaces at either end, with at least one visible character.
             * @example Storm
             */
            name: string;
            /** @example warning */
            severity: components["schemas"]["Severity"];
            webhook_url?: string | null;
        };
        /** @description A page of alert rules. */
        AlertRuleList: {
            alert_rules: components["schemas"]["AlertRule"][];
            meta: components["schemas"]["PageInfo"];
        };
        /** @description One alert rule. */
        AlertRuleResponse: {
            alert_rule: components["schemas"]["AlertRule"];
        };
        /**
         * @description A rule to replay over the stored records of a device.
         * @example {
         *       "condition": {
         *         "field": "wind_gust",
         *         "hysteresis": 5,
         *         "op": "gt",
         *         "type": "threshold",
         *         "value": 45
         *       },
         *       "device_id": 1,
         *       "start_time": "-7d"
         *     }
         */
        AlertRuleTest: {
            condition: components["schemas"]["AlertCondition"];
            /**
             * Format: int32
             * @description Seconds of event time after the condition cleared in which the rule does not fire again. Default: `0`.
             */
            cooldown_seconds?: number;
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /**
             * @description End of the time range, excluded. Default: `now`.
             * @example -1h
             * @example now
             * @example 2026-01-31T09:30:00Z
             */
            end_time?: string;
            /**
             * Format: int32
             * @description Seconds of event time that the condition must hold. Default: `0`.
             */
            for_seconds?: number;
            /**
             * @description Start of the time range, included. Default: `-24h`.
             * @example -1h
             * @example now
             * @example 2026-01-31T09:30:00Z
             */
            start_time?: string;
        };
        /** @description When a rule would have fired. */
        AlertRuleTestResult: {
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            end_time: string;
            /** @description In order of time. */
            firings: components["schemas"]["RuleFiring"][];
            /** @description Null: the whole range was replayed. Otherwise the replay ended before this time, after about 100,000 records or 1,000 firings. */
            next_time: string | null;
            /**
             * Format: int64
             * @description Records with the rule's name that were replayed.
             * @example 168
             */
            records: number;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            start_time: string;
        };
        /**
         * @description Changes of an alert rule. Absent fields keep their values. The device or group of a rule does not change.
         * @example {
         *       "for_seconds": 300,
         *       "severity": "critical"
         *     }
         */
        AlertRuleUpdate: {
            condition?: components["schemas"]["AlertCondition"];
            /** Format: int32 */
            cooldown_seconds?: number;
            /** @description Send the alerts to the owner's address, collected in one e-mail at a time. Refused by a service that sends no e-mail. */
            email?: boolean;
            enabled?: boolean;
            /** Format: int32 */
            for_seconds?: number;
            /**
             * @description Without control characters and spaces at either end, with at least one visible character.
             * @example Storm
             */
            name?: string;
            /** @example warning */
            severity?: components["schemas"]["Severity"];
            webhook_url?: string | null;
        };
        /**
         * @description The place of an alert in its life cycle.
         * @enum {string}
         */
        AlertStatus: "active" | "acknowledged" | "resolved";
        /**
         * @description What an alert is about.
         * @enum {string}
         */
        AlertType: "threshold_exceeded" | "anomaly" | "device_offline" | "maintenance" | "custom";
        /**
         * @description One record of a batch.
         * @example {
         *       "data": {
         *         "temperature": 21.5
         *       },
         *       "timestamp": "2026-01-31T09:30:00Z"
         *     }
         */
        BatchRecord: {
            /**
             * @description Measured values by name. A null is no reading and is not stored; one value at least is not null.
             * @example {
             *       "door_open": false,
             *       "temperature": 21.5
             *     }
             */
            data: {
                [key: string]: components["schemas"]["MeasuredValue"];
            };
            metadata?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @description RFC 3339 time with an offset. An epoch number is also accepted: seconds if below 1e11, milliseconds if below 1e14, microseconds if below 1e17, else nanoseconds.
             * @example 2026-01-31T09:30:00Z
             */
            timestamp: string;
        };
        /** @description The outcome of a batch. Accepted records are stored durably. */
        BatchResult: {
            /**
             * Format: int64
             * @description Number of records stored.
             * @example 9
             */
            accepted: number;
            /** @description One entry per record that was not stored. */
            errors: components["schemas"]["RejectedRecord"][];
            /**
             * Format: int64
             * @description Number of accepted records with the time of another one in the batch. Records of one time are stored as one, with the values of all.
             * @example 0
             */
            merged: number;
            /**
             * Format: int64
             * @description Number of records not stored.
             * @example 1
             */
            rejected: number;
        };
        /** @description Estimated cache hits and misses since the caches started. */
        CacheCounts: {
            hit_rate: number | null;
            /** Format: int64 */
            hits: number;
            /** Format: int64 */
            misses: number;
        };
        /**
         * @description How a signal is compared with the value of a condition.
         * @enum {string}
         */
        Comparison: "gt" | "ge" | "lt" | "le" | "eq" | "ne";
        /**
         * @description The kind of a condition.
         * @enum {string}
         */
        ConditionType: "threshold" | "rate" | "anomaly" | "offline" | "no_data";
        /** @description A version of a device's settings, without the settings. */
        ConfigVersion: {
            /** @description Who made the version; null for one that is older than this list. */
            actor: components["schemas"]["Actor"] | null;
            /**
             * Format: int64
             * @example 2
             */
            config_version: number;
            /**
             * Format: date-time
             * @description When the version was made.
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
        };
        /** @description The versions of a device's settings that are kept. */
        ConfigVersionList: {
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @description Newest first; the first one applies. */
            versions: components["schemas"]["ConfigVersion"][];
        };
        /** @description A login by username or email address. */
        Credentials: {
            /**
             * Format: password
             * @example correct horse
             */
            password: string;
            /**
             * @description Username or email address.
             * @example ada
             */
            username: string;
        };
        /** @description What arrived on one day, UTC. */
        DayCount: {
            /**
             * Format: date-time
             * @description Start of the day, UTC.
             * @example 2026-01-31T09:30:00.000Z
             */
            day: string;
            /**
             * Format: int64
             * @description Submissions; a batch is one.
             * @example 288
             */
            messages: number;
            /**
             * Format: int64
             * @description Values in them.
             * @example 864
             */
            points: number;
        };
        /** @description A change of an alert that is sent to a webhook. */
        Delivery: {
            /** Format: uuid */
            alert_id: string;
            /**
             * Format: int64
             * @example 1
             */
            attempts: number;
            change: components["schemas"]["AlertChange"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @description Time of the next attempt; null once it is delivered or dead. */
            due_at: string | null;
            /**
             * @description Why the latest attempt failed.
             * @example null
             */
            error: string | null;
            finished_at: string | null;
            /**
             * Format: uuid
             * @description The `webhook-id` of all its requests.
             */
            id: string;
            /**
             * @description HTTP status of the latest answer; null: none.
             * @example 200
             */
            response_status: number | null;
            /**
             * Format: int64
             * @example 1
             */
            rule_id: number;
            /** @description `dead`: 20 attempts failed. */
            status: components["schemas"]["DeliveryStatus"];
            /**
             * Format: int64
             * @example 1
             */
            webhook_id: number;
        };
        /** @description A page of deliveries, newest first. */
        DeliveryList: {
            deliveries: components["schemas"]["Delivery"][];
            meta: components["schemas"]["PageInfo"];
        };
        /** @description One delivery. */
        DeliveryResponse: {
            delivery: components["schemas"]["Delivery"];
        };
        /**
         * @description The place of a delivery in its life cycle.
         * @enum {string}
         */
        DeliveryStatus: "waiting" | "delivered" | "dead";
        /** @description A device. */
        Device: {
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example Under the south window */
            description: string | null;
            /** @example weather_station */
            device_type: string;
            /** @example 1.4.2 */
            firmware_version: string | null;
            /** @example B */
            hardware_version: string | null;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @description Time of the device's latest request; null before the first. */
            last_seen: string | null;
            /** @example Bench 3 */
            location: string | null;
            /** @example greenhouse-1 */
            name: string;
            /**
             * @description Seconds after a request for which the device is online. Null: `IOTFLOW_ONLINE_WINDOW_SECONDS`.
             * @example 900
             */
            online_window: number | null;
            /** @example active */
            status: components["schemas"]["DeviceStatus"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The device's owner.
             */
            user_id: string;
        };
        /** @description What a device measured and sent within a time range. */
        DeviceAnalytics: {
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @example weather-station */
            device_name: string;
            /** @description Null: the range is open. */
            end_time: string | null;
            /** @description By name, those with numbers in the range, by event time. */
            fields: {
                [key: string]: components["schemas"]["FieldSummary"];
            };
            /** @description Estimates, by time of receipt; days without are omitted. */
            messages_per_day: components["schemas"]["DayCount"][];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            start_time: string;
            /**
             * @description The share of the hours (UTC) of the range, since the device's registration and until now, in which telemetry of the device arrived. Null if the range has none.
             * @example 0.98
             */
            uptime: number | null;
        };
        /** @description The settings of a device and their version. */
        DeviceConfig: {
            /**
             * Format: int64
             * @description Rises by one with each change.
             * @example 2
             */
            config_version: number;
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /**
             * @example {
             *       "interval_seconds": 60
             *     }
             */
            settings: {
                [key: string]: unknown;
            };
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
        };
        /**
         * @description New settings of a device, which replace all previous ones.
         * @example {
         *       "settings": {
         *         "interval_seconds": 60
         *       }
         *     }
         */
        DeviceConfigUpdate: {
            /** @description Version that the change is based on; 409 if the stored version differs. */
            config_version?: number | null;
            settings: {
                [key: string]: unknown;
            };
        };
        /** @description Numbers of devices, by status and presence. */
        DeviceCounts: {
            /** Format: int64 */
            active: number;
            /** Format: int64 */
            inactive: number;
            /** Format: int64 */
            maintenance: number;
            /** Format: int64 */
            online: number;
            /** Format: int64 */
            total: number;
        };
        /**
         * @description A device to register.
         * @example {
         *       "device_type": "weather_station",
         *       "location": "Bench 3",
         *       "name": "greenhouse-1"
         *     }
         */
        DeviceCreate: {
            description?: string | null;
            /** @example weather_station */
            device_type: string;
            firmware_version?: string | null;
            hardware_version?: string | null;
            location?: string | null;
            /**
             * @description Without control characters and spaces at either end, with at least one visible character.
             * @example greenhouse-1
             */
            name: string;
            online_window?: number | null;
        };
        /** @description The API key that the request used, without its secret. */
        DeviceCredentials: {
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** Format: int64 */
            device_id: number;
            /** @description End of the grace period of a previous key; null for the current key. */
            expires_at: string | null;
            /** @description First characters of the key. */
            key_prefix: string;
            name: string;
        };
        /** @description The forecast of a measurement's hourly means. */
        DeviceForecast: {
            /** @description Null if none of the last hours has numbers. */
            accuracy: components["schemas"]["ForecastAccuracy"] | null;
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @example weather-station */
            device_name: string;
            /** @example temperature */
            field: string;
            forecast: components["schemas"]["HourForecast"][];
            history: components["schemas"]["ForecastHistory"];
            /** @description Without three days of history there is no daily season. */
            method: components["schemas"]["ForecastMethod"];
        };
        /** @description A group that contains a device. */
        DeviceGroup: {
            /**
             * Format: date-time
             * @description Time when the device was added to the group.
             * @example 2026-01-31T09:30:00.000Z
             */
            added_at: string;
            /** @example #1E90FF */
            color: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example All that grows */
            description: string | null;
            /**
             * Format: int64
             * @description Number of devices in the group.
             * @example 1
             */
            device_count: number;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @example Greenhouse */
            name: string;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The group's owner.
             */
            user_id: string;
        };
        /** @description The groups that contain a device. */
        DeviceGroupList: {
            /** Format: int64 */
            device_id: number;
            /** @description The first 1,000 groups by id. */
            groups: components["schemas"]["DeviceGroup"][];
        };
        /** @description The metadata of a device. */
        DeviceMetadata: {
            /**
             * @example {
             *       "floor": 2,
             *       "room": "kitchen"
             *     }
             */
            attributes: {
                [key: string]: unknown;
            };
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            position: components["schemas"]["DevicePosition"] | null;
            /**
             * @example [
             *       "outdoor"
             *     ]
             */
            tags: string[];
            /** @description Time of the latest change; null before the first. */
            updated_at: string | null;
        };
        /**
         * @description Changes of metadata. Absent fields keep their values, given ones are replaced as a whole; null clears a field.
         * @example {
         *       "attributes": {
         *         "floor": 2,
         *         "room": "kitchen"
         *       },
         *       "position": {
         *         "lat": 52.52,
         *         "lon": 13.405
         *       },
         *       "tags": [
         *         "outdoor"
         *       ]
         *     }
         */
        DeviceMetadataUpdate: {
            attributes?: {
                [key: string]: unknown;
            } | null;
            position?: components["schemas"]["DevicePosition"] | null;
            tags?: string[] | null;
        };
        /**
         * @description A place on the globe, in degrees of WGS 84.
         * @example {
         *       "lat": 52.52,
         *       "lon": 13.405
         *     }
         */
        DevicePosition: {
            /**
             * Format: double
             * @description Degrees north.
             * @example 52.52
             */
            lat: number;
            /**
             * Format: double
             * @description Degrees east.
             * @example 13.405
             */
            lon: number;
        };
        /**
         * @description Rate limits of one device. Null: the service's settings apply; 0: no limit.
         * @example {
         *       "points_per_second": 1000,
         *       "requests_per_second": 10
         *     }
         */
        DeviceRateLimits: {
            points_per_second?: number | null;
            requests_per_second?: number | null;
        };
        /** @description One device. */
        DeviceResponse: {
            device: components["schemas"]["Device"];
        };
        /** @description The calling device's status and presence. */
        DeviceSelfStatus: {
            /** Format: int64 */
            device_id: number;
            is_online: boolean;
            last_seen: string | null;
            name: string;
            status: components["schemas"]["DeviceStatus"];
        };
        /**
         * @description What a device reports about itself. Absent fields keep their values; null clears a field.
         * @example {
         *       "firmware_version": "1.5.0",
         *       "settings": {
         *         "interval_seconds": 60
         *       },
         *       "status": "active"
         *     }
         */
        DeviceSelfUpdate: {
            firmware_version?: string | null;
            hardware_version?: string | null;
            location?: string | null;
            settings?: {
                [key: string]: unknown;
            };
            status?: components["schemas"]["DeviceStatus"];
        };
        /**
         * @description The status of a device. INACTIVE ends with its next telemetry; MAINTENANCE refuses telemetry.
         * @enum {string}
         */
        DeviceStatus: "inactive" | "active" | "maintenance";
        /** @description A page of devices' statuses. */
        DeviceStatusList: {
            devices: components["schemas"]["DeviceStatusSummary"][];
            meta: components["schemas"]["PageInfo"];
        };
        /** @description The status and presence of a device. */
        DeviceStatusSummary: {
            device_type: string;
            /** Format: int64 */
            id: number;
            is_online: boolean;
            last_seen: string | null;
            name: string;
            status: components["schemas"]["DeviceStatus"];
        };
        /**
         * @description The new status of a device.
         * @example {
         *       "status": "maintenance"
         *     }
         */
        DeviceStatusUpdate: {
            status: components["schemas"]["DeviceStatus"];
        };
        /**
         * @description Changes of a device. Absent fields keep their values; null clears a field.
         * @example {
         *       "firmware_version": "1.5.0",
         *       "location": "Bench 4"
         *     }
         */
        DeviceUpdate: {
            description?: string | null;
            /** @example weather_station */
            device_type?: string;
            firmware_version?: string | null;
            hardware_version?: string | null;
            location?: string | null;
            /**
             * @description Without control characters and spaces at either end, with at least one visible character.
             * @example greenhouse-1
             */
            name?: string;
            online_window?: number | null;
            status?: components["schemas"]["DeviceStatus"];
        };
        /** @description A device and its new API key. */
        DeviceWithKey: {
            /**
             * @description Shown only once: the service stores its hash.
             * @example iot_…
             */
            api_key: string;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example Under the south window */
            description: string | null;
            /** @example weather_station */
            device_type: string;
            /** @example 1.4.2 */
            firmware_version: string | null;
            /** @example B */
            hardware_version: string | null;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @description Time of the device's latest request; null before the first. */
            last_seen: string | null;
            /** @example Bench 3 */
            location: string | null;
            /** @example greenhouse-1 */
            name: string;
            /**
             * @description Seconds after a request for which the device is online. Null: `IOTFLOW_ONLINE_WINDOW_SECONDS`.
             * @example 900
             */
            online_window: number | null;
            /** @example active */
            status: components["schemas"]["DeviceStatus"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The device's owner.
             */
            user_id: string;
        };
        /** @description One device and its new API key. */
        DeviceWithKeyResponse: {
            device: components["schemas"]["DeviceWithKey"];
        };
        /** @description A device, its presence and the newest time of its telemetry. */
        DeviceWithPresence: {
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example Under the south window */
            description: string | null;
            /** @example weather_station */
            device_type: string;
            /** @example 1.4.2 */
            firmware_version: string | null;
            /** @example B */
            hardware_version: string | null;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            is_online: boolean;
            /** @description Time of the device's latest request; null before the first. */
            last_seen: string | null;
            /** @description The newest timestamp of the device's telemetry, which shows a clock that is wrong. Null without telemetry, and while the telemetry store is unavailable. */
            latest_timestamp: string | null;
            /** @example Bench 3 */
            location: string | null;
            /** @example greenhouse-1 */
            name: string;
            /**
             * @description Seconds after a request for which the device is online. Null: `IOTFLOW_ONLINE_WINDOW_SECONDS`.
             * @example 900
             */
            online_window: number | null;
            /** @example active */
            status: components["schemas"]["DeviceStatus"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The device's owner.
             */
            user_id: string;
        };
        /** @description One device and its presence. */
        DeviceWithPresenceResponse: {
            device: components["schemas"]["DeviceWithPresence"];
        };
        /** @description An audit event: one change of an account, device, group, key or config. */
        Event: {
            /** @description Facts of the change; the fields depend on `event_type`. */
            details: {
                [key: string]: unknown;
            };
            device_id: number | null;
            event_type: components["schemas"]["EventType"];
            /** Format: uuid */
            id: string;
            /** @description Id of the request that made the change. */
            request_id: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
            /**
             * Format: uuid
             * @description Account that the change concerns.
             */
            user_id: string;
        };
        /** @description A page of events, newest first. */
        EventList: {
            events: components["schemas"]["Event"][];
            /**
             * @description Cursor of the next page; null on the last page.
             * @example null
             */
            next_cursor: string | null;
        };
        /**
         * @description The kind of a change.
         * @enum {string}
         */
        EventType: "user.registered" | "user.logged_in" | "user.logged_out" | "user.updated" | "user.password_changed" | "user.activated" | "user.deactivated" | "user.deleted" | "token.created" | "token.revoked" | "device.registered" | "device.updated" | "device.status_changed" | "device.online" | "device.offline" | "device.deleted" | "device.key_rotated" | "device.config_updated" | "device.metadata_updated" | "device.telemetry_deleted" | "group.created" | "group.updated" | "group.deleted" | "group.device_added" | "group.devices_added" | "group.device_removed" | "alert_rule.created" | "alert_rule.updated" | "alert_rule.deleted" | "webhook.created" | "webhook.updated" | "webhook.deleted";
        /** @description The statistics of a measurement's numbers. Percentiles are interpolated between neighbours. */
        FieldSummary: {
            /**
             * Format: int64
             * @example 288
             */
            count: number;
            /**
             * Format: double
             * @example 25.5
             */
            max: number;
            /**
             * Format: double
             * @example 21.4
             */
            mean: number;
            /**
             * Format: double
             * @example 18
             */
            min: number;
            /**
             * @description The median. Exact; null if the range has more than 500,000 numbers.
             * @example 21.5
             */
            p50: number | null;
            /**
             * @description Exact; null if the range has more than 500,000 numbers.
             * @example 24.1
             */
            p95: number | null;
            /**
             * @description Exact; null if the range has more than 500,000 numbers.
             * @example 25.2
             */
            p99: number | null;
            /**
             * Format: double
             * @description Of the population.
             * @example 1.7
             */
            stddev: number;
        };
        /** @description How well the last days would have been forecast, each from the data before it. */
        ForecastAccuracy: {
            /**
             * Format: double
             * @description The share of hours in the 80 % interval.
             * @example 0.81
             */
            coverage_80: number;
            /**
             * Format: double
             * @description The share of hours in the 95 % interval.
             * @example 0.94
             */
            coverage_95: number;
            /**
             * Format: int64
             * @description Hours that were compared.
             * @example 72
             */
            hours: number;
            /**
             * Format: double
             * @description Mean absolute error, in the unit of the measurement.
             * @example 0.5
             */
            mae: number;
            /**
             * @description The error as a multiple of that of repeating the day before (method `level`: the hour before). Below 1: the forecast is better. Null if that error is 0.
             * @example 0.7
             */
            mase: number | null;
        };
        /** @description The hours that a forecast is made from. */
        ForecastHistory: {
            /**
             * Format: date-time
             * @description The start of the current hour, at which the forecast begins.
             * @example 2026-01-31T09:30:00.000Z
             */
            end_time: string;
            /**
             * Format: int64
             * @description Hours with numbers; others are treated as unknown.
             * @example 330
             */
            hours: number;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            start_time: string;
        };
        /**
         * @description A structural time series model: a level that wanders, with or without a daily season.
         * @enum {string}
         */
        ForecastMethod: "level_and_daily_season" | "level";
        /** @description A page of the devices that a search found, by id. */
        FoundDeviceList: {
            devices: components["schemas"]["Device"][];
            meta: components["schemas"]["PageInfo"];
            /**
             * @description Cursor of the next page; null on the last page.
             * @example null
             */
            next_cursor: string | null;
        };
        /** @description A group. */
        Group: {
            /** @example #1E90FF */
            color: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example All that grows */
            description: string | null;
            /**
             * Format: int64
             * @description Number of devices in the group.
             * @example 1
             */
            device_count: number;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @example Greenhouse */
            name: string;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The group's owner.
             */
            user_id: string;
        };
        /** @description Number of groups. */
        GroupCounts: {
            /** Format: int64 */
            total: number;
        };
        /**
         * @description A group to create.
         * @example {
         *       "color": "#1E90FF",
         *       "name": "Greenhouse"
         *     }
         */
        GroupCreate: {
            color?: string | null;
            description?: string | null;
            /**
             * @description Without control characters and spaces at either end, with at least one visible character.
             * @example Greenhouse
             */
            name: string;
        };
        /** @description A page of groups. */
        GroupList: {
            groups: components["schemas"]["GroupSummary"][];
            meta: components["schemas"]["PageInfo"];
        };
        /** @description A device in a group. */
        GroupMember: {
            /**
             * Format: date-time
             * @description Time when the device was added to the group.
             * @example 2026-01-31T09:30:00.000Z
             */
            added_at: string;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example Under the south window */
            description: string | null;
            /** @example weather_station */
            device_type: string;
            /** @example 1.4.2 */
            firmware_version: string | null;
            /** @example B */
            hardware_version: string | null;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @description Time of the device's latest request; null before the first. */
            last_seen: string | null;
            /** @example Bench 3 */
            location: string | null;
            /** @example greenhouse-1 */
            name: string;
            /**
             * @description Seconds after a request for which the device is online. Null: `IOTFLOW_ONLINE_WINDOW_SECONDS`.
             * @example 900
             */
            online_window: number | null;
            /** @example active */
            status: components["schemas"]["DeviceStatus"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The device's owner.
             */
            user_id: string;
        };
        /** @description A page of a group's devices. */
        GroupMemberList: {
            devices: components["schemas"]["GroupMember"][];
            /** Format: int64 */
            group_id: number;
            group_name: string;
            meta: components["schemas"]["PageInfo"];
        };
        /** @description One group. */
        GroupResponse: {
            group: components["schemas"]["Group"];
        };
        /** @description A group in a list. */
        GroupSummary: {
            /** @example #1E90FF */
            color: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example All that grows */
            description: string | null;
            /**
             * Format: int64
             * @description Number of devices in the group.
             * @example 1
             */
            device_count: number;
            /** @description With `include_devices`: the group's first 1,000 devices by id. A page lists at most 10,000 devices, up to 8 MiB, starting with the groups with the lowest ids. `device_count` is the number of all devices of a group; `GET /groups/{group_id}/devices` returns all, page by page. */
            devices?: components["schemas"]["GroupMember"][] | null;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @example Greenhouse */
            name: string;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The group's owner.
             */
            user_id: string;
        };
        /**
         * @description Changes of a group. Absent fields keep their values; null clears a field.
         * @example {
         *       "description": "All that grows"
         *     }
         */
        GroupUpdate: {
            color?: string | null;
            description?: string | null;
            /**
             * @description Without control characters and spaces at either end, with at least one visible character.
             * @example Greenhouse
             */
            name?: string;
        };
        /** @description A group and its devices. */
        GroupWithDevices: {
            /** @example #1E90FF */
            color: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example All that grows */
            description: string | null;
            /**
             * Format: int64
             * @description Number of devices in the group.
             * @example 1
             */
            device_count: number;
            /** @description The first 1,000 devices by id, up to 8 MiB. `device_count` is the number of all; `GET /groups/{group_id}/devices` returns all, page by page. */
            devices: components["schemas"]["GroupMember"][];
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @example Greenhouse */
            name: string;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @description The group's owner.
             */
            user_id: string;
        };
        /** @description One group and its devices. */
        GroupWithDevicesResponse: {
            group: components["schemas"]["GroupWithDevices"];
        };
        /** @description Whether the service is healthy. */
        Health: {
            /** @enum {string} */
            status: "healthy" | "degraded" | "unhealthy";
            /** @description Health of each store, by its name; null without `detailed=true`. */
            stores?: {
                [key: string]: components["schemas"]["StoreHealth"];
            } | null;
            version: string;
        };
        /** @description Acknowledgement of a heartbeat. */
        Heartbeat: {
            /** Format: int64 */
            device_id: number;
            /**
             * Format: date-time
             * @description Time of receipt.
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
        };
        /** @description The forecast of one hour's mean. */
        HourForecast: {
            /**
             * Format: double
             * @description With a probability of 80 %, the mean lies from here…
             * @example 20.6
             */
            lower_80: number;
            /**
             * Format: double
             * @description With a probability of 95 %, the mean lies from here…
             * @example 20.2
             */
            lower_95: number;
            /**
             * Format: date-time
             * @description Start of the hour.
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
            /**
             * Format: double
             * @description … to here.
             * @example 22.2
             */
            upper_80: number;
            /**
             * Format: double
             * @description … to here.
             * @example 22.6
             */
            upper_95: number;
            /**
             * Format: double
             * @example 21.4
             */
            value: number;
        };
        /**
         * @description Options of a key rotation.
         * @example {
         *       "grace_seconds": 3600
         *     }
         */
        KeyRotation: {
            /**
             * Format: int32
             * @description Seconds during which the previous key stays valid. Default: `0`.
             */
            grace_seconds?: number;
        };
        /** @description The newest value of a measurement, by event time. */
        LatestValue: {
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
            /** @example 21.5 */
            value: components["schemas"]["MeasuredValue"];
        };
        /** @description The newest value of each measurement of a device. */
        LatestValues: {
            /** @description Whether the values came from the cache. */
            cached: boolean;
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @example greenhouse-1 */
            device_name: string;
            /** @example weather_station */
            device_type: string;
            /**
             * @example {
             *       "temperature": {
             *         "timestamp": "2026-01-31T09:30:00.000Z",
             *         "value": 21.5
             *       }
             *     }
             */
            latest_data: {
                [key: string]: components["schemas"]["LatestValue"];
            };
            /**
             * Format: date-time
             * @description The newest timestamp among the values.
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
        };
        /** @description A sign that the process runs. */
        Liveness: {
            /** @constant */
            status: "alive";
        };
        /**
         * @description A field's name (string) or an item's index (integer).
         * @example data
         * @example 3
         */
        LocationPart: string | number;
        /**
         * @description What an alert that a person raises is about.
         * @enum {string}
         */
        ManualAlertType: "custom" | "maintenance";
        /**
         * @description A finite number (an integer has at most 64 bits), a boolean, or a string of at most 4,096 bytes. The service keeps the type.
         * @example 21.5
         * @example 42
         * @example true
         * @example open
         */
        MeasuredValue: string | number | boolean;
        /** @description The membership of a device in a group. */
        Membership: {
            /**
             * Format: date-time
             * @description Time when the device was added to the group.
             * @example 2026-01-31T09:30:00.000Z
             */
            added_at: string;
            /** Format: int64 */
            device_id: number;
            /** Format: int64 */
            group_id: number;
        };
        /** @description One membership. */
        MembershipResponse: {
            membership: components["schemas"]["Membership"];
        };
        /** @description Numbers of an account's devices. */
        OwnedDeviceCounts: {
            by_status: components["schemas"]["StatusCounts"];
            /** @description The 100 most frequent types, most frequent first. */
            by_type: components["schemas"]["TypeCount"][];
            /** Format: int64 */
            total: number;
        };
        /** @description The position of a page within its list. */
        PageInfo: {
            /**
             * Format: int64
             * @description Maximum items per page.
             * @example 100
             */
            limit: number;
            /**
             * Format: int64
             * @description Items skipped.
             * @example 0
             */
            offset: number;
            /**
             * Format: int64
             * @description Items in the whole list.
             * @example 1
             */
            total: number;
        };
        /** @description The form of OAuth 2.0's password grant (RFC 6749, section 4.3.2), which Authorize in `/docs` sends. */
        PasswordForm: {
            /** @description Ignored: clients are not registered. */
            client_id?: string | null;
            /** @description Ignored: clients are not registered. */
            client_secret?: string | null;
            /**
             * @description Default: `password`.
             * @constant
             */
            grant_type?: "password";
            /**
             * Format: password
             * @example correct horse
             */
            password: string;
            /** @description Ignored: a token has all rights of its user. */
            scope?: string;
            /**
             * @description Username or email address.
             * @example ada
             */
            username: string;
        };
        /** @description A personal access token, without its secret. */
        PersonalToken: {
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @description Null: the token does not expire. */
            expires_at: string | null;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            /** @description Time of the latest use; null before the first. It may lag by 30 s. */
            last_used_at: string | null;
            /** @example nightly export */
            name: string;
            /**
             * @description The start of the secret, to distinguish tokens.
             * @example iotp_8fK2xQ
             */
            prefix: string;
            /**
             * @example [
             *       "read"
             *     ]
             */
            scopes: components["schemas"]["TokenScope"][];
        };
        /**
         * @description A personal access token to create.
         * @example {
         *       "name": "nightly export",
         *       "scopes": [
         *         "read"
         *       ]
         *     }
         */
        PersonalTokenCreate: {
            /** @description When the token expires, at most ten years ahead; null or absent: never. */
            expires_at?: string | null;
            /**
             * @description Without control characters and spaces at either end, with at least one visible character.
             * @example nightly export
             */
            name: string;
            /**
             * @description What the token permits, each scope once: `read` all reads of the user's data, `write` changes of devices, configs and groups and deletions of telemetry, `telemetry` submissions on behalf of devices.
             * @example [
             *       "read"
             *     ]
             */
            scopes: components["schemas"]["TokenScope"][];
        };
        /** @description A page of an account's personal access tokens. */
        PersonalTokenList: {
            meta: components["schemas"]["PageInfo"];
            tokens: components["schemas"]["PersonalToken"][];
        };
        /** @description A new personal access token and its secret. */
        PersonalTokenWithSecret: {
            /**
             * @description Send it as `Authorization: Bearer <secret>`. Shown only once: the service stores its hash.
             * @example iotp_…
             */
            secret: string;
            token: components["schemas"]["PersonalToken"];
        };
        /** @description An error (RFC 9457). */
        Problem: {
            /**
             * @description Explanation of this occurrence.
             * @example there is no device 7 among those that you may see
             */
            detail: string;
            /** @description On 422: one entry per invalid field. Never contains the value sent. */
            errors?: components["schemas"]["ProblemError"][];
            /**
             * @description Path of the request.
             * @example /api/v1/devices/7
             */
            instance: string;
            /** @description Id of the request, as in the `X-Request-ID` header and the service's log. */
            request_id: string;
            /**
             * Format: int32
             * @description HTTP status code.
             * @example 404
             */
            status: number;
            /** @example Not Found */
            title: string;
            /** @example urn:iotflow:problem:not-found */
            type: string;
        };
        /** @description One invalid field. */
        ProblemError: {
            /** @description Path to the field, outermost element first. */
            loc: components["schemas"]["LocationPart"][];
            /** @description What is wrong with the field. */
            msg: string;
            /** @description Machine-readable kind of error. */
            type: string;
        };
        /** @description Whether the service is ready for traffic. */
        Readiness: {
            /** @enum {string} */
            status: "ready" | "not ready";
        };
        /** @description A record that was not stored. */
        RejectedRecord: {
            /**
             * @description Why it was not stored.
             * @example timestamp: more than 5 minutes ahead of the service's clock
             */
            detail: string;
            /**
             * Format: int64
             * @description Index of the record in the batch, from 0; in NDJSON, blank lines do not count.
             * @example 3
             */
            index: number;
        };
        /** @description A summary of a past time range, computed in the background. */
        Report: {
            /** @description When it was completed or failed. */
            completed_at: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example 1 */
            device_id: number | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            end_time: string;
            /**
             * @description Why it failed.
             * @example null
             */
            error: string | null;
            /** @example null */
            group_id: number | null;
            /** Format: uuid */
            id: string;
            report_type: components["schemas"]["ReportType"];
            /**
             * @description Once completed: of a `device_summary` what `GET /analytics/devices/{device_id}` answers, of an `account_summary` what `GET /analytics/users/{user_id}` answers, of a `group_summary` the same of the group's devices, without alerts. Null in lists.
             * @example null
             */
            result: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            start_time: string;
            status: components["schemas"]["ReportStatus"];
            /**
             * Format: uuid
             * @description The owner of the device or group, or the account.
             */
            user_id: string;
        };
        /**
         * @description A report to compute. A device summary takes `device_id`, a group summary `group_id`, an account summary none.
         * @example {
         *       "device_id": 1,
         *       "period": {
         *         "end_time": "now",
         *         "start_time": "-7d"
         *       },
         *       "report_type": "device_summary"
         *     }
         */
        ReportCreate: {
            /** @description The device to summarize. */
            device_id?: number | null;
            /** @description The group whose devices to summarize. */
            group_id?: number | null;
            /** @description At most 400 days of a device, 31 of a group or account. */
            period: components["schemas"]["ReportPeriod"];
            /** @example device_summary */
            report_type: components["schemas"]["ReportType"];
        };
        /** @description A page of reports without their results, newest first. */
        ReportList: {
            /**
             * @description Cursor of the next page; null on the last page.
             * @example null
             */
            next_cursor: string | null;
            reports: components["schemas"]["Report"][];
        };
        /**
         * @description A half-open time range: `start_time` is included, `end_time` is not.
         * @example {
         *       "end_time": "now",
         *       "start_time": "-7d"
         *     }
         */
        ReportPeriod: {
            /**
             * @description RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. Default: `now`.
             * @example -1h
             * @example now
             * @example 2026-01-31T09:30:00Z
             */
            end_time?: string;
            /**
             * @description RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number.
             * @example -1h
             * @example now
             * @example 2026-01-31T09:30:00Z
             */
            start_time: string;
        };
        /** @description One report. */
        ReportResponse: {
            report: components["schemas"]["Report"];
        };
        /**
         * @description The progress of a report.
         * @enum {string}
         */
        ReportStatus: "pending" | "completed" | "failed";
        /**
         * @description What a report summarizes.
         * @enum {string}
         */
        ReportType: "device_summary" | "group_summary" | "account_summary";
        /** @description One time that the rule would have fired. */
        RuleFiring: {
            /** @description Time of the reading that clears it; null: none did. */
            cleared_at: string | null;
            /**
             * Format: int64
             * @description Readings that fulfilled the condition while it was firing.
             * @example 3
             */
            count: number;
            /**
             * Format: date-time
             * @description Time of the reading that fires the rule.
             * @example 2026-01-31T09:30:00.000Z
             */
            fired_at: string;
            /**
             * @description The reading, its rate or its distance from the mean.
             * @example 51.8
             */
            signal: components["schemas"]["MeasuredValue"];
        };
        /** @description Paths of the documentation. */
        ServiceIndex: {
            docs: string;
            name: string;
            openapi: string;
            redoc: string;
            version: string;
        };
        /** @description Version, uptime and databases of the service. */
        ServiceStatus: {
            /** @description Database behind each store, by the store's name. */
            stores: {
                [key: string]: string;
            };
            /**
             * Format: double
             * @description Time since this process started.
             */
            uptime_seconds: number;
            version: string;
        };
        /**
         * @description How much an alert matters.
         * @enum {string}
         */
        Severity: "info" | "warning" | "error" | "critical";
        /** @description Numbers of alerts by severity. */
        SeverityCounts: {
            /** Format: int64 */
            critical: number;
            /** Format: int64 */
            error: number;
            /** Format: int64 */
            info: number;
            /** Format: int64 */
            warning: number;
        };
        /** @description Numbers of devices by status. */
        StatusCounts: {
            /** Format: int64 */
            active: number;
            /** Format: int64 */
            inactive: number;
            /** Format: int64 */
            maintenance: number;
        };
        /** @description Whether a store is available. */
        StoreAvailability: {
            available: boolean;
            /** @description Database behind the store. */
            backend: string;
            /** @description Data that the store holds. */
            role: string;
        };
        /** @description Whether a store is available, and its latency. */
        StoreHealth: {
            available: boolean;
            /** @description Database behind the store. */
            backend: string;
            /** @description Time of the health check's probe; null when it failed. */
            latency_ms: number | null;
            /** @description Data that the store holds. */
            role: string;
        };
        /** @description Acknowledgement of a durably stored record. */
        SubmitResult: {
            /**
             * Format: int64
             * @description Number of values stored.
             * @example 2
             */
            accepted: number;
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @example greenhouse-1 */
            device_name: string;
            /**
             * @description Names that were sent with null, which is no reading.
             * @example []
             */
            ignored: string[];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
        };
        /** @description Totals of the whole service. */
        SystemStats: {
            cache: components["schemas"]["CacheCounts"];
            devices: components["schemas"]["DeviceCounts"];
            groups: components["schemas"]["GroupCounts"];
            /** @description Availability of each store, by its name. */
            stores: {
                [key: string]: components["schemas"]["StoreAvailability"];
            };
            telemetry: components["schemas"]["TelemetryCounts"];
            users: components["schemas"]["UserCounts"];
        };
        /** @description Estimated numbers of values received. */
        TelemetryCounts: {
            /** Format: int64 */
            points_last_day: number;
            /** Format: int64 */
            points_last_hour: number;
        };
        /**
         * @description A half-open time range to delete: `start_time` is included, `stop_time` is not.
         * @example {
         *       "start_time": "-7d",
         *       "stop_time": "now"
         *     }
         */
        TelemetryDelete: {
            /**
             * @description RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number.
             * @example -1h
             * @example now
             * @example 2026-01-31T09:30:00Z
             */
            start_time: string;
            /**
             * @description RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number.
             * @example -1h
             * @example now
             * @example 2026-01-31T09:30:00Z
             */
            stop_time: string;
        };
        /** @description The deleted time range, as absolute times. */
        TelemetryDeleteResult: {
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            start_time: string;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            stop_time: string;
        };
        /** @description The values and metadata stored for one time. */
        TelemetryRecord: {
            /**
             * @example {
             *       "door_open": false,
             *       "temperature": 21.5
             *     }
             */
            measurements: {
                [key: string]: components["schemas"]["MeasuredValue"];
            };
            /**
             * @example {
             *       "unit": "C"
             *     }
             */
            metadata?: {
                [key: string]: unknown;
            } | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
        };
        /**
         * @description One record: values measured at one time.
         * @example {
         *       "data": {
         *         "door_open": false,
         *         "temperature": 21.5
         *       }
         *     }
         */
        TelemetryRecordCreate: {
            /**
             * @description Measured values by name. A null is no reading and is not stored; one value at least is not null.
             * @example {
             *       "door_open": false,
             *       "temperature": 21.5
             *     }
             */
            data: {
                [key: string]: components["schemas"]["MeasuredValue"];
            };
            metadata?: {
                [key: string]: unknown;
            } | null;
            /** @description Time of the measurement; the time of receipt by default. */
            timestamp?: string | null;
        };
        /** @description A page of a device's records. */
        TelemetryRecordPage: {
            /**
             * Format: int64
             * @example 1
             */
            count: number;
            data: components["schemas"]["TelemetryRecord"][];
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @example greenhouse-1 */
            device_name: string;
            /** @example weather_station */
            device_type: string;
            end_time: string | null;
            /**
             * @description Cursor of the next page; null on the last page.
             * @example null
             */
            next_cursor: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            start_time: string;
        };
        /** @description Whether the service accepts telemetry. */
        TelemetryStatus: {
            /** @enum {string} */
            status: "healthy" | "degraded" | "unhealthy";
            /** @description Availability of each store, by its name. */
            stores: {
                [key: string]: components["schemas"]["StoreAvailability"];
            };
        };
        /** @description A new access token. */
        TokenResponse: {
            /** @description Send it as `Authorization: Bearer <token>`. Shown only once: the service stores its hash. */
            access_token: string;
            /**
             * Format: int64
             * @description Lifetime of the token in seconds.
             * @example 86400
             */
            expires_in: number;
            /** @constant */
            token_type: "bearer";
            user: components["schemas"]["User"];
        };
        /**
         * @description What a personal access token permits. None implies another.
         * @enum {string}
         */
        TokenScope: "read" | "write" | "telemetry";
        /** @description Number of devices of one type. */
        TypeCount: {
            /** @example sensor */
            device_type: string;
            /**
             * Format: int64
             * @example 3
             */
            devices: number;
        };
        /** @description An account. */
        User: {
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /** @example ada@example.org */
            email: string;
            /** @description False while the account is suspended. */
            is_active: boolean;
            /** @example false */
            is_admin: boolean;
            last_login: string | null;
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /**
             * Format: uuid
             * @example 0f8fad5b-d9cb-469f-a165-70867728950e
             */
            user_id: string;
            /** @example ada */
            username: string;
        };
        /** @description Numbers of accounts. */
        UserCounts: {
            /** Format: int64 */
            active: number;
            /** Format: int64 */
            total: number;
        };
        /** @description An account to create. */
        UserCreate: {
            /** @example ada@example.org */
            email: string;
            /**
             * Format: password
             * @example correct horse
             */
            password: string;
            /** @example ada */
            username: string;
        };
        /** @description A page of a user's devices. */
        UserDeviceList: {
            devices: components["schemas"]["Device"][];
            meta: components["schemas"]["PageInfo"];
            /** Format: uuid */
            user_id: string;
        };
        /** @description A page of accounts. */
        UserList: {
            meta: components["schemas"]["PageInfo"];
            users: components["schemas"]["User"][];
        };
        /**
         * @description Any JSON object of at most 65536 bytes.
         * @example {
         *       "theme": "dark"
         *     }
         */
        UserPreferences: {
            [key: string]: unknown;
        };
        /** @description A record of one of a user's devices. */
        UserRecord: {
            /**
             * Format: int64
             * @example 1
             */
            device_id: number;
            /** @example greenhouse-1 */
            device_name: string;
            /**
             * @example {
             *       "door_open": false,
             *       "temperature": 21.5
             *     }
             */
            measurements: {
                [key: string]: components["schemas"]["MeasuredValue"];
            };
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
        };
        /** @description A page of the records of all of a user's devices, newest first. */
        UserRecordPage: {
            /**
             * Format: int64
             * @example 1
             */
            count: number;
            /**
             * @description Cursor of the next page; null on the last page.
             * @example null
             */
            next_cursor: string | null;
            telemetry: components["schemas"]["UserRecord"][];
            /** Format: uuid */
            user_id: string;
        };
        /** @description One account. */
        UserResponse: {
            user: components["schemas"]["User"];
        };
        /**
         * @description Changes of an account; absent fields keep their values.
         * @example {
         *       "email": "ada@example.org"
         *     }
         */
        UserUpdate: {
            /**
             * Format: password
             * @description Current password; required to change your own `password`.
             */
            current_password?: string;
            /** @example ada@example.org */
            email?: string;
            /** @description Whether the account is an administrator. Admins only. */
            is_admin?: boolean;
            /**
             * Format: password
             * @example correct horse
             */
            password?: string;
            /** @description True: also revoke the account's personal access tokens, with a new `password` or without. */
            revoke_tokens?: boolean;
            /** @example ada */
            username?: string;
        };
        /** @description A webhook, without its secret. */
        Webhook: {
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            created_at: string;
            /**
             * Format: int64
             * @example 1
             */
            id: number;
            template: components["schemas"]["WebhookTemplate"];
            /**
             * Format: date-time
             * @example 2026-01-31T09:30:00.000Z
             */
            updated_at: string;
            /** @example https://192.0.2.10/iotflow */
            url: string;
            /**
             * Format: uuid
             * @description The owner.
             */
            user_id: string;
        };
        /**
         * @description A webhook to create.
         * @example {
         *       "template": "cloudevents",
         *       "url": "https://192.0.2.10/iotflow"
         *     }
         */
        WebhookCreate: {
            /**
             * @description The form of the requests: `cloudevents`, a CloudEvent 1.0 as JSON; `ntfy`, a text with ntfy's headers, to the URL of a topic; `slack`, the JSON of Slack's incoming webhooks. Default: `cloudevents`.
             * @example cloudevents
             */
            template?: components["schemas"]["WebhookTemplate"];
            /**
             * @description An `http` or `https` URL in ASCII, without credentials and fragment. Its host must resolve to public addresses.
             * @example https://192.0.2.10/iotflow
             */
            url: string;
        };
        /** @description A page of webhooks. */
        WebhookList: {
            meta: components["schemas"]["PageInfo"];
            webhooks: components["schemas"]["Webhook"][];
        };
        /** @description One webhook. */
        WebhookResponse: {
            webhook: components["schemas"]["Webhook"];
        };
        /**
         * @description The form of the requests to a webhook.
         * @enum {string}
         */
        WebhookTemplate: "cloudevents" | "ntfy" | "slack";
        /**
         * @description Changes of a webhook. Absent fields keep their values.
         * @example {
         *       "template": "ntfy"
         *     }
         */
        WebhookUpdate: {
            /**
             * @description The form of the requests: `cloudevents`, a CloudEvent 1.0 as JSON; `ntfy`, a text with ntfy's headers, to the URL of a topic; `slack`, the JSON of Slack's incoming webhooks.
             * @example cloudevents
             */
            template?: components["schemas"]["WebhookTemplate"];
            /**
             * @description An `http` or `https` URL in ASCII, without credentials and fragment. Its host must resolve to public addresses.
             * @example https://192.0.2.10/iotflow
             */
            url?: string;
        };
        /** @description A webhook and its new secret. */
        WebhookWithSecret: {
            /**
             * @description Verifies the requests: the key of HMAC-SHA256 is the base64 behind `whsec_`. Shown only once.
             * @example whsec_…
             */
            secret: string;
            webhook: components["schemas"]["Webhook"];
        };
        /** @description The statistic of one window. */
        WindowValue: {
            /**
             * Format: int64
             * @description Number of values that the statistic uses.
             */
            count: number;
            /**
             * Format: date-time
             * @description Start of the window; may be before `start_time`.
             * @example 2026-01-31T09:30:00.000Z
             */
            timestamp: string;
            /** @example 21.5 */
            value: components["schemas"]["MeasuredValue"];
        };
    };
    responses: {
        /** @description The change conflicts with the stored state. */
        Conflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:conflict",
                 *       "title": "Conflict",
                 *       "status": 409,
                 *       "detail": "The change conflicts with the stored state.",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is too large. */
        ContentTooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:content-too-large",
                 *       "title": "Content Too Large",
                 *       "status": 413,
                 *       "detail": "The body is too large.",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The credentials are valid but lack the permission. */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:forbidden",
                 *       "title": "Forbidden",
                 *       "status": 403,
                 *       "detail": "The credentials are valid but lack the permission.",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The resource does not exist or is not visible to the caller. */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:not-found",
                 *       "title": "Not Found",
                 *       "status": 404,
                 *       "detail": "The resource does not exist or is not visible to the caller.",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The operation needs packages that the operator has not installed; the detail names them. */
        NotImplemented: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:not-implemented",
                 *       "title": "Not Implemented",
                 *       "status": 501,
                 *       "detail": "The operation needs packages that the operator has not installed",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body did not arrive in time. */
        RequestTimeout: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:request-timeout",
                 *       "title": "Request Timeout",
                 *       "status": 408,
                 *       "detail": "The body did not arrive in time.",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description A required store is unavailable; retry after `Retry-After` seconds. */
        ServiceUnavailable: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:service-unavailable",
                 *       "title": "Service Unavailable",
                 *       "status": 503,
                 *       "detail": "A required store is unavailable",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests; retry after `Retry-After` seconds. */
        TooManyRequests: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:too-many-requests",
                 *       "title": "Too Many Requests",
                 *       "status": 429,
                 *       "detail": "Too many requests",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No valid credentials of a kind that the route accepts. */
        Unauthorized: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:unauthorized",
                 *       "title": "Unauthorized",
                 *       "status": 401,
                 *       "detail": "No valid credentials of a kind that the route accepts.",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The input is invalid; `errors` lists each invalid field. */
        UnprocessableContent: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:unprocessable-content",
                 *       "title": "Unprocessable Content",
                 *       "status": 422,
                 *       "detail": "body.name: Field required",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30",
                 *       "errors": [
                 *         {
                 *           "loc": [
                 *             "body",
                 *             "name"
                 *           ],
                 *           "msg": "Field required",
                 *           "type": "missing"
                 *         }
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The route does not accept the content type or encoding. */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "urn:iotflow:problem:unsupported-media-type",
                 *       "title": "Unsupported Media Type",
                 *       "status": 415,
                 *       "detail": "The route does not accept the content type or encoding.",
                 *       "instance": "/api/v1/devices/7",
                 *       "request_id": "3f1c9a52d0b84a7e9c1b7d2f6a5e4c30"
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_index: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceIndex"];
                };
            };
            422: components["responses"]["UnprocessableContent"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_all_devices: {
        parameters: {
            query?: {
                /** @description Only devices of this type. */
                device_type?: string;
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
                /** @description Only devices whose name contains this text; case-insensitive. */
                q?: string;
                status?: components["schemas"]["DeviceStatus"];
                /** @description Only items of this user; `me` is the caller. */
                user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminDeviceList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_any_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminDeviceResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_any_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AdminDeviceUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminDeviceResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    delete_any_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    set_device_status: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceStatusUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AdminDeviceResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_device_statuses: {
        parameters: {
            query?: {
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceStatusList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_statistics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SystemStats"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_alert_rules: {
        parameters: {
            query?: {
                /** @description Only rules of this device. */
                device_id?: number;
                /** @description Only rules of this group. */
                group_id?: number;
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRuleList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    create_alert_rule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AlertRuleCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRuleResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_alert_rule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of an alert rule.
                 * @example 1
                 */
                rule_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRuleResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_alert_rule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of an alert rule.
                 * @example 1
                 */
                rule_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AlertRuleUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRuleResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    delete_alert_rule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of an alert rule.
                 * @example 1
                 */
                rule_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    replay_alert_rule: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AlertRuleTest"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertRuleTestResult"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_alerts: {
        parameters: {
            query?: {
                alert_type?: components["schemas"]["AlertType"];
                /** @description The previous page's `next_cursor`; continues that request. */
                cursor?: string;
                /** @description Only this device's alerts. */
                device_id?: number;
                /** @description Maximum items per page. */
                limit?: number;
                severity?: components["schemas"]["Severity"];
                status?: components["schemas"]["AlertStatus"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    create_alert: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AlertCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_alert: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of an alert.
                 * @example 7d4648ac-9637-5bd6-8054-2b3ba810c016
                 */
                alert_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    acknowledge_alert: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of an alert.
                 * @example 7d4648ac-9637-5bd6-8054-2b3ba810c016
                 */
                alert_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    resolve_alert: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of an alert.
                 * @example 7d4648ac-9637-5bd6-8054-2b3ba810c016
                 */
                alert_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_device_analytics: {
        parameters: {
            query?: {
                /** @description End of the time range, excluded; the range is open if omitted. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                end_time?: string;
                /** @description Start of the time range, included. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                start_time?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceAnalytics"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_device_forecast: {
        parameters: {
            query: {
                /**
                 * @description Name of the measurement.
                 * @example temperature
                 */
                field: string;
                /** @description Hours to forecast. */
                hours?: number;
                /** @description Start of the history that is used, included. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                start_time?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceForecast"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            501: components["responses"]["NotImplemented"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_reports: {
        parameters: {
            query?: {
                /** @description The previous page's `next_cursor`; continues that request. */
                cursor?: string;
                /** @description Maximum items per page. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    create_report: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReportCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a report.
                 * @example 0b6f6d0e-9637-4bd6-8054-2b3ba810c016
                 */
                report_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_user_analytics: {
        parameters: {
            query?: {
                /** @description End of the time range, excluded; the range is open if omitted. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                end_time?: string;
                /** @description Start of the time range, included. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                start_time?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountAnalytics"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    login: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Credentials"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    register_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    login_with_form: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["PasswordForm"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TokenResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    delete_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_device_config: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceConfig"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_device_config: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceConfigUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceConfig"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_config_versions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConfigVersionList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_config_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
                /**
                 * @description Version of a device's config.
                 * @example 1
                 */
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceConfig"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    restore_config_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
                /**
                 * @description Version of a device's config.
                 * @example 1
                 */
                version: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceConfig"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    rotate_device_key: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["KeyRotation"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceWithKeyResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_groups_of_device: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceGroupList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_device_metadata: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceMetadata"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    set_device_metadata: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceMetadataUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceMetadata"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_device_metadata: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceMetadataUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceMetadata"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_device_status: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceWithPresenceResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_own_config: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceConfig"];
                };
            };
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_own_config: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceSelfUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceConfig"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_own_credentials: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceCredentials"];
                };
            };
            401: components["responses"]["Unauthorized"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    send_heartbeat: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Heartbeat"];
                };
            };
            401: components["responses"]["Unauthorized"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    register_device: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceWithKeyResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    search_devices: {
        parameters: {
            query?: {
                /** @description Only devices with this attribute, as `name=value`. A value in double quotes is a text; another value is a text too, or the number, boolean or null that it spells. */
                attribute?: string;
                /** @description Only devices in this box: `west,south,east,north` in degrees, as in GeoJSON (RFC 7946). A west greater than east crosses the antimeridian. */
                bbox?: string;
                /** @description The previous page's `next_cursor`; continues that request. */
                cursor?: string;
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Only devices within `radius_m` of this place: `lat,lon` in degrees. */
                near?: string;
                /** @description Items to skip. Default: `0`. */
                offset?: number;
                /** @description Radius around `near` in metres, required with it. */
                radius_m?: number;
                /** @description Only devices with this tag. */
                tag?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FoundDeviceList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_own_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeviceSelfStatus"];
                };
            };
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_devices_of_user: {
        parameters: {
            query?: {
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
                status?: components["schemas"]["DeviceStatus"];
            };
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserDeviceList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description The previous page's `next_cursor`. */
                cursor?: string;
                /** @description Only this device's events. */
                device_id?: number;
                /** @description End of the time range, excluded; the range is open if omitted. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                end_time?: string;
                event_type?: components["schemas"]["EventType"];
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Start of the time range, included. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                start_time?: string;
                /** @description Only items of this user; `me` is the caller. */
                user_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_groups: {
        parameters: {
            query?: {
                /** @description Include each group's devices. */
                include_devices?: boolean;
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    create_group: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a group.
                 * @example 1
                 */
                group_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupWithDevicesResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a group.
                 * @example 1
                 */
                group_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GroupUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    delete_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a group.
                 * @example 1
                 */
                group_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_devices_of_group: {
        parameters: {
            query?: {
                /** @description Only devices of this type. */
                device_type?: string;
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
                status?: components["schemas"]["DeviceStatus"];
            };
            header?: never;
            path: {
                /**
                 * @description Id of a group.
                 * @example 1
                 */
                group_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GroupMemberList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    add_device_to_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a group.
                 * @example 1
                 */
                group_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddDeviceRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MembershipResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    remove_device_from_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
                /**
                 * @description Id of a group.
                 * @example 1
                 */
                group_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    add_devices_to_group: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a group.
                 * @example 1
                 */
                group_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddDevicesRequest"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AddDevicesResult"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    stream_events: {
        parameters: {
            query?: {
                /** @description Only events of this device. */
                device_id?: number;
                /** @description Only events of devices that are in this group now. */
                group_id?: number;
                /** @description Types of events, comma separated, of telemetry, alert, status. */
                types?: string;
            };
            header?: {
                /** @description The id of the last event that the client got: the stream begins with those after it, or with `missed` if the service no longer has them. */
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    submit_telemetry: {
        parameters: {
            query?: never;
            header?: {
                /** @description Unique to this record, such as a UUID. The record is stored once, however often it is sent with this key within 24 h. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TelemetryRecordCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubmitResult"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_telemetry: {
        parameters: {
            query?: {
                /** @description The previous page's `next_cursor`; continues that request. */
                cursor?: string;
                /** @description End of the time range, excluded; the range is open if omitted. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                end_time?: string;
                /** @description Comma-separated measurement names; all by default. May be repeated. */
                fields?: string;
                /** @description Maximum records per page. */
                limit?: number;
                /** @description Order by time: `asc` returns the oldest records first, `desc` the newest. Default: `desc`. */
                order?: "asc" | "desc";
                /** @description Start of the time range, included. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. Default: `-1h`. */
                start_time?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TelemetryRecordPage"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    delete_telemetry: {
        parameters: {
            query?: {
                /** @description Start of the time range, included. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                start_time?: string;
                /** @description End of the time range, excluded. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                stop_time?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TelemetryDelete"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TelemetryDeleteResult"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    aggregate_telemetry: {
        parameters: {
            query: {
                /**
                 * @description The statistic. `count`, `first` and `last` use values of any type, the others numbers only. `stddev` is the standard deviation of a population. `increase` adds up by how much a counter rose from value to value. A fall is a restart from zero: it adds the new value. A rise belongs to the window of its later value; the first value of the time range adds nothing.
                 * @example mean
                 */
                aggregation: components["schemas"]["Aggregation"];
                /** @description End of the time range, excluded; the range is open if omitted. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                end_time?: string;
                /**
                 * @description Name of the measurement.
                 * @example temperature
                 */
                field: string;
                /** @description Start of the time range, included. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                start_time?: string;
                /** @description IANA time zone; windows of days, weeks, months and years start at its midnights. */
                timezone?: string;
                /**
                 * @description Width of the windows: 10s to 30d in s, m, h or d, or of the calendar: `1w` (from Monday), `1mo`, `3mo` or `1y`.
                 * @example 1h
                 */
                window: string;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AggregateResult"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    import_telemetry_batch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchRecord"][];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchResult"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_latest_telemetry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a device.
                 * @example 1
                 */
                device_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LatestValues"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    submit_telemetry_batch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BatchRecord"][];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchResult"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_telemetry_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TelemetryStatus"];
                };
            };
            422: components["responses"]["UnprocessableContent"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_telemetry_of_user: {
        parameters: {
            query?: {
                /** @description The previous page's `next_cursor`; continues that request. */
                cursor?: string;
                /** @description End of the time range, excluded; the range is open if omitted. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. */
                end_time?: string;
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Start of the time range, included. RFC 3339 time with an offset, relative time (-90s, -15m, -1h, -7d, -4w, now), or epoch number. Default: `-24h`. */
                start_time?: string;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserRecordPage"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_users: {
        parameters: {
            query?: {
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    delete_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    activate_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    deactivate_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_preferences: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPreferences"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    set_preferences: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserPreferences"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserPreferences"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_personal_tokens: {
        parameters: {
            query?: {
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
            };
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonalTokenList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    create_personal_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PersonalTokenCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonalTokenWithSecret"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    revoke_personal_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a personal access token.
                 * @example 1
                 */
                token_id: number;
                /**
                 * @description Id of a user, or `me` for the caller.
                 * @example me
                 */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_webhooks: {
        parameters: {
            query?: {
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    create_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookCreate"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a webhook.
                 * @example 1
                 */
                webhook_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    update_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a webhook.
                 * @example 1
                 */
                webhook_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookUpdate"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            408: components["responses"]["RequestTimeout"];
            409: components["responses"]["Conflict"];
            413: components["responses"]["ContentTooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    delete_webhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a webhook.
                 * @example 1
                 */
                webhook_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    list_deliveries: {
        parameters: {
            query?: {
                /** @description Maximum items per page. */
                limit?: number;
                /** @description Items to skip. */
                offset?: number;
                status?: components["schemas"]["DeliveryStatus"];
            };
            header?: never;
            path: {
                /**
                 * @description Id of a webhook.
                 * @example 1
                 */
                webhook_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryList"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    replay_delivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a delivery.
                 * @example f2f4c9b1-3d0e-5b0c-9c5e-6a1d7c0e4b12
                 */
                delivery_id: string;
                /**
                 * @description Id of a webhook.
                 * @example 1
                 */
                webhook_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryResponse"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            409: components["responses"]["Conflict"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    rotate_webhook_secret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Id of a webhook.
                 * @example 1
                 */
                webhook_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            401: components["responses"]["Unauthorized"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["NotFound"];
            422: components["responses"]["UnprocessableContent"];
            429: components["responses"]["TooManyRequests"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_health: {
        parameters: {
            query?: {
                /** @description Include the health of each store. */
                detailed?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            422: components["responses"]["UnprocessableContent"];
            /** @description The SQL or the telemetry store is unavailable. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    get_liveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Liveness"];
                };
            };
            422: components["responses"]["UnprocessableContent"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
    get_readiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            422: components["responses"]["UnprocessableContent"];
            /** @description The service is not ready for traffic. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    get_status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ServiceStatus"];
                };
            };
            422: components["responses"]["UnprocessableContent"];
            503: components["responses"]["ServiceUnavailable"];
        };
    };
}
