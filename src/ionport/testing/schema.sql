CREATE TABLE audit_log (
	id TEXT NOT NULL,
	scope_kind TEXT NOT NULL,
	scope_id TEXT NOT NULL,
	actor_id TEXT,
	actor_name TEXT NOT NULL,
	address TEXT,
	action TEXT NOT NULL,
	subject TEXT NOT NULL,
	details JSON NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_audit_log PRIMARY KEY (id)
);
CREATE INDEX ix_audit_log_scope_kind_scope_id_at ON audit_log (scope_kind, scope_id, at);
CREATE TABLE catalog_objects (
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	type TEXT NOT NULL,
	schema JSON NOT NULL,
	properties JSON NOT NULL,
	changed_at BIGINT NOT NULL,
	changed_by TEXT NOT NULL,
	CONSTRAINT pk_catalog_objects PRIMARY KEY (tenant_id, name)
);
CREATE TABLE compass_jobs (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	statement TEXT NOT NULL,
	result_format TEXT NOT NULL,
	status TEXT NOT NULL,
	message TEXT NOT NULL,
	row_limit INTEGER NOT NULL,
	columns JSON NOT NULL,
	row_count INTEGER NOT NULL,
	result_sha256 TEXT,
	submitted_at BIGINT NOT NULL,
	ended_at BIGINT,
	CONSTRAINT pk_compass_jobs PRIMARY KEY (id)
);
CREATE INDEX ix_compass_jobs_submitted ON compass_jobs (tenant_id, submitted_at, id);
CREATE TABLE control_keys (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	digest TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_control_keys PRIMARY KEY (id),
	CONSTRAINT uq_control_keys_digest UNIQUE (digest)
);
CREATE INDEX ix_control_keys_tenant_id ON control_keys (tenant_id);
CREATE TABLE idm_entities (
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	default_acl TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_idm_entities PRIMARY KEY (tenant_id, name)
);
CREATE TABLE idm_entity_acls (
	tenant_id TEXT NOT NULL,
	entity_name TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_idm_entity_acls PRIMARY KEY (tenant_id, entity_name, name)
);
CREATE TABLE idm_entity_attributes (
	tenant_id TEXT NOT NULL,
	entity_name TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	type TEXT NOT NULL,
	default_value TEXT NOT NULL,
	is_required BOOLEAN NOT NULL,
	is_unique BOOLEAN NOT NULL,
	is_searchable BOOLEAN NOT NULL,
	max_length INTEGER,
	value_list JSON NOT NULL,
	position INTEGER NOT NULL,
	CONSTRAINT pk_idm_entity_attributes PRIMARY KEY (tenant_id, entity_name, name)
);
CREATE TABLE idm_items (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	tenant_id TEXT NOT NULL,
	entity_name TEXT NOT NULL,
	version INTEGER NOT NULL,
	acl TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	changed_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL,
	checked_out_by TEXT,
	checked_out_at BIGINT
);
CREATE INDEX ix_idm_items_tenant_id ON idm_items (tenant_id, entity_name, number);
CREATE TABLE ion_connection_points (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	logical_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	is_active BOOLEAN NOT NULL,
	is_automatic BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_ion_connection_points PRIMARY KEY (id),
	CONSTRAINT uq_ion_connection_points_logical_id UNIQUE (tenant_id, logical_id)
);
CREATE TABLE ion_document_flows (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	document_name TEXT NOT NULL,
	document_type TEXT NOT NULL,
	rule JSON NOT NULL,
	target JSON NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_ion_document_flows PRIMARY KEY (id)
);
CREATE INDEX ix_ion_document_flows_tenant_id ON ion_document_flows (tenant_id);
CREATE TABLE ion_messages (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	message_id TEXT NOT NULL,
	from_logical_id TEXT NOT NULL,
	to_logical_id TEXT NOT NULL,
	document_name TEXT NOT NULL,
	encoding TEXT NOT NULL,
	parameters JSON NOT NULL,
	parameters_sha256 TEXT NOT NULL,
	payload_sha256 TEXT NOT NULL,
	bod_sha256 TEXT NOT NULL,
	bod_size BIGINT NOT NULL,
	client_id TEXT NOT NULL,
	first_received_at BIGINT NOT NULL,
	last_received_at BIGINT NOT NULL,
	arrivals INTEGER NOT NULL,
	findings JSON NOT NULL,
	CONSTRAINT pk_ion_messages PRIMARY KEY (id),
	CONSTRAINT uq_ion_messages_sender UNIQUE (tenant_id, from_logical_id, message_id)
);
CREATE INDEX ix_ion_messages_tenant_id ON ion_messages (tenant_id, id);
CREATE TABLE ion_settings (
	tenant_id TEXT NOT NULL,
	is_strict BOOLEAN NOT NULL,
	CONSTRAINT pk_ion_settings PRIMARY KEY (tenant_id)
);
CREATE TABLE lake_objects (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	document_name TEXT NOT NULL,
	sender TEXT NOT NULL,
	message TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	size BIGINT NOT NULL,
	stored_at BIGINT NOT NULL,
	instances INTEGER DEFAULT '1' NOT NULL,
	is_corrupt BOOLEAN DEFAULT 0 NOT NULL,
	is_archived BOOLEAN DEFAULT 0 NOT NULL,
	batch_id TEXT,
	accounting_entity TEXT,
	published_at BIGINT,
	CONSTRAINT pk_lake_objects PRIMARY KEY (id)
);
CREATE INDEX ix_lake_objects_stored ON lake_objects (tenant_id, stored_at, id);
CREATE TABLE ln_companies (
	tenant_id TEXT NOT NULL,
	number INTEGER NOT NULL,
	last_invoice INTEGER NOT NULL,
	CONSTRAINT pk_ln_companies PRIMARY KEY (tenant_id, number)
);
CREATE TABLE ln_invoices (
	tenant_id TEXT NOT NULL,
	company INTEGER NOT NULL,
	number INTEGER NOT NULL,
	supplier TEXT NOT NULL,
	invoice_number TEXT NOT NULL,
	status TEXT NOT NULL,
	processing TEXT NOT NULL,
	header JSON NOT NULL,
	lines JSON NOT NULL,
	messages JSON NOT NULL,
	client_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	CONSTRAINT pk_ln_invoices PRIMARY KEY (tenant_id, company, number),
	CONSTRAINT uq_ln_invoices_supplier_invoice UNIQUE (tenant_id, company, supplier, invoice_number)
);
CREATE INDEX ix_ln_invoices_created_at ON ln_invoices (tenant_id, created_at);
CREATE TABLE ln_receipts (
	tenant_id TEXT NOT NULL,
	company INTEGER NOT NULL,
	receipt TEXT NOT NULL,
	receipt_line INTEGER NOT NULL,
	"order" TEXT NOT NULL,
	position INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	packing_slip TEXT NOT NULL,
	quantity TEXT NOT NULL,
	CONSTRAINT pk_ln_receipts PRIMARY KEY (tenant_id, company, receipt, receipt_line)
);
CREATE INDEX ix_ln_receipts_order ON ln_receipts (tenant_id, company, "order");
CREATE TABLE m3_companies (
	tenant_id TEXT NOT NULL,
	number INTEGER NOT NULL,
	series JSON NOT NULL,
	CONSTRAINT pk_m3_companies PRIMARY KEY (tenant_id, number)
);
CREATE TABLE organizations (
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	parent_id TEXT,
	created_at BIGINT NOT NULL,
	time_zone TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_organizations PRIMARY KEY (id),
	CONSTRAINT fk_organizations_parent_id FOREIGN KEY(parent_id) REFERENCES organizations (id)
);
CREATE INDEX ix_organizations_parent_id ON organizations (parent_id);
CREATE TABLE released_blobs (
	name TEXT NOT NULL,
	released_at BIGINT NOT NULL,
	CONSTRAINT pk_released_blobs PRIMARY KEY (name)
);
CREATE INDEX ix_released_blobs_released_at ON released_blobs (released_at);
CREATE TABLE sandbox_calls (
	number INTEGER NOT NULL,
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	request_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	service TEXT NOT NULL,
	operation TEXT NOT NULL,
	method TEXT NOT NULL,
	path TEXT NOT NULL,
	"query" TEXT NOT NULL,
	headers JSON NOT NULL,
	request_sha256 TEXT NOT NULL,
	request_size BIGINT NOT NULL,
	request_kept BOOLEAN NOT NULL,
	status INTEGER NOT NULL,
	response_sha256 TEXT NOT NULL,
	response_size BIGINT NOT NULL,
	duration_ms INTEGER NOT NULL,
	effects JSON NOT NULL,
	received_at BIGINT NOT NULL,
	fault TEXT,
	response_type TEXT,
	response_body BLOB,
	CONSTRAINT pk_sandbox_calls PRIMARY KEY (number),
	CONSTRAINT uq_sandbox_calls_id UNIQUE (id)
);
CREATE INDEX ix_sandbox_calls_tenant_id ON sandbox_calls (tenant_id, number);
CREATE TABLE sandbox_controls (
	number INTEGER NOT NULL,
	generation BIGINT NOT NULL,
	clock_offset_microseconds BIGINT NOT NULL,
	CONSTRAINT pk_sandbox_controls PRIMARY KEY (number)
);
CREATE TABLE sandbox_faults (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	service TEXT NOT NULL,
	operation TEXT NOT NULL,
	method TEXT NOT NULL,
	path TEXT NOT NULL,
	"trigger" TEXT NOT NULL,
	figure FLOAT NOT NULL,
	seed BIGINT NOT NULL,
	kind TEXT NOT NULL,
	status INTEGER NOT NULL,
	body TEXT NOT NULL,
	media_type TEXT NOT NULL,
	seconds FLOAT NOT NULL,
	after_commit BOOLEAN NOT NULL,
	is_enabled BOOLEAN NOT NULL,
	seen BIGINT NOT NULL,
	hits BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_sandbox_faults PRIMARY KEY (id)
);
CREATE INDEX ix_sandbox_faults_tenant_id ON sandbox_faults (tenant_id);
CREATE TABLE sandbox_snapshots (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	rows BIGINT NOT NULL,
	size BIGINT NOT NULL,
	content_sha256 TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_sandbox_snapshots PRIMARY KEY (id),
	CONSTRAINT uq_sandbox_snapshots_name UNIQUE (tenant_id, name)
);
CREATE TABLE sandbox_token_marks (
	tenant_id TEXT NOT NULL,
	expired_before BIGINT NOT NULL,
	CONSTRAINT pk_sandbox_token_marks PRIMARY KEY (tenant_id)
);
CREATE TABLE setup_links (
	digest TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	CONSTRAINT pk_setup_links PRIMARY KEY (digest)
);
CREATE TABLE sign_in_attempts (
	id TEXT NOT NULL,
	username_digest TEXT NOT NULL,
	address TEXT NOT NULL,
	at BIGINT NOT NULL,
	CONSTRAINT pk_sign_in_attempts PRIMARY KEY (id)
);
CREATE INDEX ix_sign_in_attempts_address_at ON sign_in_attempts (address, at);
CREATE INDEX ix_sign_in_attempts_at ON sign_in_attempts (at);
CREATE INDEX ix_sign_in_attempts_username_digest_at ON sign_in_attempts (username_digest, at);
CREATE TABLE signing_keys (
	id TEXT NOT NULL,
	sealed_private_key TEXT NOT NULL,
	is_current BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	retired_at BIGINT,
	CONSTRAINT pk_signing_keys PRIMARY KEY (id)
);
CREATE UNIQUE INDEX uq_signing_keys_is_current ON signing_keys (is_current) WHERE is_current IS 1;
CREATE TABLE tenants (
	id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_tenants PRIMARY KEY (id)
);
CREATE TABLE used_assertions (
	issuer TEXT NOT NULL,
	assertion_id TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_used_assertions PRIMARY KEY (issuer, assertion_id)
);
CREATE INDEX ix_used_assertions_expires_at ON used_assertions (expires_at);
CREATE TABLE users (
	id TEXT NOT NULL,
	username TEXT NOT NULL,
	username_key TEXT NOT NULL,
	full_name TEXT NOT NULL,
	email TEXT NOT NULL,
	identity2 TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	is_disabled BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	last_sign_in_at BIGINT,
	language TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_users PRIMARY KEY (id),
	CONSTRAINT uq_users_username_key UNIQUE (username_key),
	CONSTRAINT uq_users_identity2 UNIQUE (identity2)
);
CREATE TABLE api_keys (
	id TEXT NOT NULL,
	organization_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	name TEXT NOT NULL,
	hint TEXT NOT NULL,
	digest TEXT NOT NULL,
	scopes JSON NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	expires_at BIGINT,
	last_used_at BIGINT,
	CONSTRAINT pk_api_keys PRIMARY KEY (id),
	CONSTRAINT fk_api_keys_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id),
	CONSTRAINT fk_api_keys_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT uq_api_keys_digest UNIQUE (digest)
);
CREATE INDEX ix_api_keys_organization_id ON api_keys (organization_id);
CREATE INDEX ix_api_keys_user_id ON api_keys (user_id);
CREATE TABLE api_suites (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	application_name TEXT NOT NULL,
	suite_name TEXT NOT NULL,
	description TEXT NOT NULL,
	context TEXT NOT NULL,
	context_key TEXT NOT NULL,
	icon TEXT NOT NULL,
	is_active BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_api_suites PRIMARY KEY (id),
	CONSTRAINT uq_api_suites_context UNIQUE (tenant_id, context_key),
	CONSTRAINT fk_api_suites_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE authorized_apps (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL,
	type TEXT NOT NULL,
	grant_type TEXT NOT NULL,
	description TEXT NOT NULL,
	access_token_seconds INTEGER NOT NULL,
	issue_refresh_tokens BOOLEAN NOT NULL,
	refresh_token_seconds INTEGER NOT NULL,
	is_public BOOLEAN NOT NULL,
	redirect_urls JSON NOT NULL,
	javascript_origins JSON NOT NULL,
	download_url TEXT NOT NULL,
	package_name TEXT NOT NULL,
	certificate_fingerprint TEXT NOT NULL,
	bundle_id TEXT NOT NULL,
	app_store_id TEXT NOT NULL,
	enforce_scopes BOOLEAN NOT NULL,
	scopes JSON NOT NULL,
	user_impersonation BOOLEAN NOT NULL,
	id_translation BOOLEAN NOT NULL,
	use_bridge BOOLEAN NOT NULL,
	token_generation INTEGER NOT NULL,
	is_disabled BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	changed_at BIGINT,
	changed_by TEXT,
	deleted_at BIGINT,
	CONSTRAINT pk_authorized_apps PRIMARY KEY (id),
	CONSTRAINT fk_authorized_apps_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT uq_authorized_apps_client_id UNIQUE (client_id)
);
CREATE UNIQUE INDEX uq_authorized_apps_tenant_id_name_key ON authorized_apps (tenant_id, name_key) WHERE deleted_at IS NULL;
CREATE TABLE custom_scopes (
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	description TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_custom_scopes PRIMARY KEY (tenant_id, name),
	CONSTRAINT fk_custom_scopes_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE idm_attributes (
	item_number INTEGER NOT NULL,
	position INTEGER NOT NULL,
	tenant_id TEXT NOT NULL,
	entity_name TEXT NOT NULL,
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	value_sha256 TEXT NOT NULL,
	order_key BLOB,
	CONSTRAINT pk_idm_attributes PRIMARY KEY (item_number, position),
	CONSTRAINT fk_idm_attributes_item_number FOREIGN KEY(item_number) REFERENCES idm_items (number) ON DELETE CASCADE
);
CREATE INDEX ix_idm_attributes_value ON idm_attributes (tenant_id, entity_name, name, value_sha256);
CREATE TABLE idm_resources (
	item_number INTEGER NOT NULL,
	position INTEGER NOT NULL,
	name TEXT NOT NULL,
	filename TEXT NOT NULL,
	mime_type TEXT NOT NULL,
	size BIGINT NOT NULL,
	sha256 TEXT NOT NULL,
	CONSTRAINT pk_idm_resources PRIMARY KEY (item_number, position),
	CONSTRAINT fk_idm_resources_item_number FOREIGN KEY(item_number) REFERENCES idm_items (number) ON DELETE CASCADE
);
CREATE TABLE idm_version_resources (
	item_number INTEGER NOT NULL,
	version INTEGER NOT NULL,
	position INTEGER NOT NULL,
	name TEXT NOT NULL,
	filename TEXT NOT NULL,
	mime_type TEXT NOT NULL,
	size BIGINT NOT NULL,
	sha256 TEXT NOT NULL,
	CONSTRAINT pk_idm_version_resources PRIMARY KEY (item_number, version, position),
	CONSTRAINT fk_idm_version_resources_item_number FOREIGN KEY(item_number) REFERENCES idm_items (number) ON DELETE CASCADE
);
CREATE TABLE idm_versions (
	item_number INTEGER NOT NULL,
	version INTEGER NOT NULL,
	acl TEXT NOT NULL,
	attributes JSON NOT NULL,
	changed_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL,
	CONSTRAINT pk_idm_versions PRIMARY KEY (item_number, version),
	CONSTRAINT fk_idm_versions_item_number FOREIGN KEY(item_number) REFERENCES idm_items (number) ON DELETE CASCADE
);
CREATE TABLE ion_acknowledgements (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	flow TEXT NOT NULL,
	message TEXT NOT NULL,
	outcome TEXT NOT NULL,
	reason TEXT NOT NULL,
	bod_sha256 TEXT,
	state TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	last_attempt INTEGER NOT NULL,
	next_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	booked JSON,
	CONSTRAINT pk_ion_acknowledgements PRIMARY KEY (id),
	CONSTRAINT uq_ion_acknowledgements_message UNIQUE (flow, message),
	CONSTRAINT fk_ion_acknowledgements_flow FOREIGN KEY(flow) REFERENCES ion_document_flows (id) ON DELETE CASCADE,
	CONSTRAINT fk_ion_acknowledgements_message FOREIGN KEY(message) REFERENCES ion_messages (id) ON DELETE CASCADE
);
CREATE INDEX ix_ion_acknowledgements_due ON ion_acknowledgements (state, next_at);
CREATE INDEX ix_ion_acknowledgements_message ON ion_acknowledgements (message);
CREATE INDEX ix_ion_acknowledgements_tenant_id ON ion_acknowledgements (tenant_id);
CREATE TABLE ion_arrivals (
	id TEXT NOT NULL,
	message TEXT NOT NULL,
	request_id TEXT NOT NULL,
	client_id TEXT NOT NULL,
	payload_sha256 TEXT NOT NULL,
	parameters_sha256 TEXT NOT NULL,
	is_identical BOOLEAN NOT NULL,
	received_at BIGINT NOT NULL,
	CONSTRAINT pk_ion_arrivals PRIMARY KEY (id),
	CONSTRAINT fk_ion_arrivals_message FOREIGN KEY(message) REFERENCES ion_messages (id) ON DELETE CASCADE
);
CREATE INDEX ix_ion_arrivals_message ON ion_arrivals (message);
CREATE TABLE ion_point_documents (
	point TEXT NOT NULL,
	document_name TEXT NOT NULL,
	CONSTRAINT pk_ion_point_documents PRIMARY KEY (point, document_name),
	CONSTRAINT fk_ion_point_documents_point FOREIGN KEY(point) REFERENCES ion_connection_points (id) ON DELETE CASCADE
);
CREATE TABLE login_counters (
	tenant_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	starts_at BIGINT NOT NULL,
	count INTEGER NOT NULL,
	CONSTRAINT pk_login_counters PRIMARY KEY (tenant_id, kind, subject, starts_at),
	CONSTRAINT fk_login_counters_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_login_counters_starts_at ON login_counters (starts_at);
CREATE TABLE m3_records (
	tenant_id TEXT NOT NULL,
	company INTEGER NOT NULL,
	file TEXT NOT NULL,
	"key" TEXT NOT NULL,
	fields JSON NOT NULL,
	CONSTRAINT pk_m3_records PRIMARY KEY (tenant_id, company, file, "key"),
	CONSTRAINT fk_m3_records_company FOREIGN KEY(tenant_id, company) REFERENCES m3_companies (tenant_id, number) ON DELETE CASCADE
);
CREATE TABLE openid_identities (
	issuer TEXT NOT NULL,
	subject TEXT NOT NULL,
	user_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_openid_identities PRIMARY KEY (issuer, subject),
	CONSTRAINT fk_openid_identities_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_openid_identities_user_id ON openid_identities (user_id);
CREATE TABLE organization_memberships (
	user_id TEXT NOT NULL,
	organization_id TEXT NOT NULL,
	role TEXT NOT NULL,
	CONSTRAINT pk_organization_memberships PRIMARY KEY (user_id, organization_id),
	CONSTRAINT fk_organization_memberships_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT fk_organization_memberships_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);
CREATE INDEX ix_organization_memberships_organization_id ON organization_memberships (organization_id);
CREATE TABLE password_links (
	digest TEXT NOT NULL,
	user_id TEXT NOT NULL,
	kind TEXT NOT NULL,
	made_for TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	revoked_at BIGINT,
	CONSTRAINT pk_password_links PRIMARY KEY (digest),
	CONSTRAINT fk_password_links_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_password_links_user_id ON password_links (user_id);
CREATE TABLE recovery_codes (
	user_id TEXT NOT NULL,
	digest TEXT NOT NULL,
	used_at BIGINT,
	CONSTRAINT pk_recovery_codes PRIMARY KEY (user_id, digest),
	CONSTRAINT fk_recovery_codes_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE revoked_access_tokens (
	token_id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	CONSTRAINT pk_revoked_access_tokens PRIMARY KEY (token_id),
	CONSTRAINT fk_revoked_access_tokens_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_revoked_access_tokens_expires_at ON revoked_access_tokens (expires_at);
CREATE TABLE saml_issuers (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	entity_id TEXT NOT NULL,
	certificate TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_saml_issuers PRIMARY KEY (id),
	CONSTRAINT fk_saml_issuers_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE UNIQUE INDEX uq_saml_issuers_tenant_id_entity_id ON saml_issuers (tenant_id, entity_id);
CREATE TABLE sandbox_snapshot_files (
	snapshot_id TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	CONSTRAINT pk_sandbox_snapshot_files PRIMARY KEY (snapshot_id, sha256),
	CONSTRAINT fk_sandbox_snapshot_files_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES sandbox_snapshots (id) ON DELETE CASCADE
);
CREATE TABLE second_factors (
	user_id TEXT NOT NULL,
	sealed TEXT NOT NULL,
	since BIGINT NOT NULL,
	last_step BIGINT,
	CONSTRAINT pk_second_factors PRIMARY KEY (user_id),
	CONSTRAINT fk_second_factors_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE TABLE sessions (
	digest TEXT NOT NULL,
	user_id TEXT NOT NULL,
	address TEXT,
	created_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	device TEXT,
	begun_by TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_sessions PRIMARY KEY (digest),
	CONSTRAINT fk_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE TABLE tenant_memberships (
	user_id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	role TEXT NOT NULL,
	CONSTRAINT pk_tenant_memberships PRIMARY KEY (user_id, tenant_id),
	CONSTRAINT fk_tenant_memberships_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT fk_tenant_memberships_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_tenant_memberships_tenant_id ON tenant_memberships (tenant_id);
CREATE TABLE tenant_settings (
	tenant_id TEXT NOT NULL,
	scope_mode TEXT NOT NULL,
	implicit_allowed BOOLEAN NOT NULL,
	url_flavour TEXT NOT NULL,
	token_form TEXT NOT NULL,
	limits_are_on BOOLEAN NOT NULL,
	logins_per_minute INTEGER NOT NULL,
	logins_per_day INTEGER NOT NULL,
	tokens_per_client_per_day INTEGER NOT NULL,
	changed_at BIGINT NOT NULL,
	changed_by TEXT NOT NULL,
	refresh_tokens_rotate BOOLEAN DEFAULT 0 NOT NULL,
	refusal_form TEXT DEFAULT 'explained' NOT NULL,
	CONSTRAINT pk_tenant_settings PRIMARY KEY (tenant_id),
	CONSTRAINT fk_tenant_settings_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE user_groups (
	id TEXT NOT NULL,
	organization_id TEXT NOT NULL,
	name TEXT NOT NULL,
	name_key TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_user_groups PRIMARY KEY (id),
	CONSTRAINT uq_user_groups_organization_id_name_key UNIQUE (organization_id, name_key),
	CONSTRAINT fk_user_groups_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);
CREATE TABLE api_answers (
	api_key_id TEXT NOT NULL,
	idempotency_key TEXT NOT NULL,
	request_digest TEXT NOT NULL,
	status INTEGER,
	body TEXT,
	at BIGINT NOT NULL,
	CONSTRAINT pk_api_answers PRIMARY KEY (api_key_id, idempotency_key),
	CONSTRAINT fk_api_answers_api_key_id FOREIGN KEY(api_key_id) REFERENCES api_keys (id) ON DELETE CASCADE
);
CREATE INDEX ix_api_answers_at ON api_answers (at);
CREATE TABLE api_suite_icons (
	suite_id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	media_type TEXT NOT NULL,
	content BLOB NOT NULL,
	CONSTRAINT pk_api_suite_icons PRIMARY KEY (suite_id),
	CONSTRAINT fk_api_suite_icons_suite_id FOREIGN KEY(suite_id) REFERENCES api_suites (id) ON DELETE CASCADE,
	CONSTRAINT fk_api_suite_icons_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE TABLE authorization_codes (
	digest TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	redirect_uri_was_sent BOOLEAN NOT NULL,
	code_challenge TEXT,
	scopes JSON NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	grant_id TEXT,
	CONSTRAINT pk_authorization_codes PRIMARY KEY (digest),
	CONSTRAINT fk_authorization_codes_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT fk_authorization_codes_app_id FOREIGN KEY(app_id) REFERENCES authorized_apps (id),
	CONSTRAINT fk_authorization_codes_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX ix_authorization_codes_expires_at ON authorization_codes (expires_at);
CREATE TABLE bridge_keys (
	id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	public_jwk JSON NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	CONSTRAINT pk_bridge_keys PRIMARY KEY (id),
	CONSTRAINT fk_bridge_keys_app_id FOREIGN KEY(app_id) REFERENCES authorized_apps (id)
);
CREATE INDEX ix_bridge_keys_app_id ON bridge_keys (app_id);
CREATE TABLE client_secrets (
	id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	digest TEXT NOT NULL,
	sealed TEXT,
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	CONSTRAINT pk_client_secrets PRIMARY KEY (id),
	CONSTRAINT fk_client_secrets_app_id FOREIGN KEY(app_id) REFERENCES authorized_apps (id)
);
CREATE INDEX ix_client_secrets_app_id ON client_secrets (app_id);
CREATE TABLE consents (
	user_id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	scopes JSON NOT NULL,
	created_at BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	CONSTRAINT pk_consents PRIMARY KEY (user_id, app_id),
	CONSTRAINT fk_consents_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT fk_consents_app_id FOREIGN KEY(app_id) REFERENCES authorized_apps (id),
	CONSTRAINT fk_consents_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id)
);
CREATE INDEX ix_consents_app_id ON consents (app_id);
CREATE TABLE ion_ack_attempts (
	acknowledgement TEXT NOT NULL,
	number INTEGER NOT NULL,
	started_at BIGINT NOT NULL,
	ended_at BIGINT,
	status INTEGER,
	text TEXT NOT NULL,
	result TEXT,
	CONSTRAINT pk_ion_ack_attempts PRIMARY KEY (acknowledgement, number),
	CONSTRAINT fk_ion_ack_attempts_acknowledgement FOREIGN KEY(acknowledgement) REFERENCES ion_acknowledgements (id) ON DELETE CASCADE
);
CREATE TABLE service_accounts (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	user_id TEXT,
	access_key TEXT NOT NULL,
	description TEXT NOT NULL,
	scopes JSON NOT NULL,
	secret_digest TEXT NOT NULL,
	is_disabled BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	last_used_at BIGINT,
	deleted_at BIGINT,
	ends_on TEXT,
	CONSTRAINT pk_service_accounts PRIMARY KEY (id),
	CONSTRAINT fk_service_accounts_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT fk_service_accounts_app_id FOREIGN KEY(app_id) REFERENCES authorized_apps (id),
	CONSTRAINT fk_service_accounts_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT uq_service_accounts_access_key UNIQUE (access_key)
);
CREATE INDEX ix_service_accounts_app_id ON service_accounts (app_id);
CREATE INDEX ix_service_accounts_user_id ON service_accounts (user_id);
CREATE TABLE target_endpoints (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	suite_id TEXT NOT NULL,
	target_url TEXT NOT NULL,
	description TEXT NOT NULL,
	proxy_context TEXT NOT NULL,
	proxy_context_key TEXT NOT NULL,
	proxy_security TEXT NOT NULL,
	ignore_certificate_errors BOOLEAN NOT NULL,
	security JSON NOT NULL,
	sealed_secrets TEXT,
	is_active BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	CONSTRAINT pk_target_endpoints PRIMARY KEY (id),
	CONSTRAINT uq_target_endpoints_proxy_context UNIQUE (suite_id, proxy_context_key),
	CONSTRAINT fk_target_endpoints_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT fk_target_endpoints_suite_id FOREIGN KEY(suite_id) REFERENCES api_suites (id) ON DELETE CASCADE
);
CREATE TABLE user_group_grants (
	organization_id TEXT NOT NULL,
	group_id TEXT NOT NULL,
	document_type TEXT NOT NULL,
	permission TEXT NOT NULL,
	CONSTRAINT pk_user_group_grants PRIMARY KEY (group_id, document_type, permission),
	CONSTRAINT fk_user_group_grants_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id),
	CONSTRAINT fk_user_group_grants_group_id FOREIGN KEY(group_id) REFERENCES user_groups (id) ON DELETE CASCADE
);
CREATE INDEX ix_user_group_grants_organization_id ON user_group_grants (organization_id);
CREATE TABLE user_group_members (
	organization_id TEXT NOT NULL,
	group_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	CONSTRAINT pk_user_group_members PRIMARY KEY (group_id, user_id),
	CONSTRAINT fk_user_group_members_organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id),
	CONSTRAINT fk_user_group_members_group_id FOREIGN KEY(group_id) REFERENCES user_groups (id) ON DELETE CASCADE,
	CONSTRAINT fk_user_group_members_user_id FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX ix_user_group_members_user_id ON user_group_members (user_id);
CREATE TABLE api_documentation (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	endpoint_id TEXT NOT NULL,
	name TEXT NOT NULL,
	title TEXT NOT NULL,
	version TEXT NOT NULL,
	content TEXT NOT NULL,
	size INTEGER NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_api_documentation PRIMARY KEY (id),
	CONSTRAINT fk_api_documentation_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT fk_api_documentation_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES target_endpoints (id) ON DELETE CASCADE
);
CREATE INDEX ix_api_documentation_endpoint_id ON api_documentation (endpoint_id);
CREATE TABLE api_policies (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	suite_id TEXT NOT NULL,
	endpoint_id TEXT,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	flow TEXT NOT NULL,
	definition TEXT NOT NULL,
	is_enabled BOOLEAN NOT NULL,
	position INTEGER NOT NULL,
	created_at BIGINT NOT NULL,
	CONSTRAINT pk_api_policies PRIMARY KEY (id),
	CONSTRAINT fk_api_policies_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT fk_api_policies_suite_id FOREIGN KEY(suite_id) REFERENCES api_suites (id) ON DELETE CASCADE,
	CONSTRAINT fk_api_policies_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES target_endpoints (id) ON DELETE CASCADE
);
CREATE INDEX ix_api_policies_endpoint_id ON api_policies (endpoint_id);
CREATE INDEX ix_api_policies_suite_id ON api_policies (suite_id);
CREATE TABLE grants (
	id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	app_id TEXT NOT NULL,
	service_account_id TEXT,
	user_id TEXT,
	scopes TEXT NOT NULL,
	generation INTEGER NOT NULL,
	refresh_digest TEXT,
	refresh_expires_at BIGINT,
	created_at BIGINT NOT NULL,
	last_used_at BIGINT NOT NULL,
	ends_at BIGINT,
	revoked_at BIGINT,
	CONSTRAINT pk_grants PRIMARY KEY (id),
	CONSTRAINT fk_grants_tenant_id FOREIGN KEY(tenant_id) REFERENCES tenants (id),
	CONSTRAINT fk_grants_app_id FOREIGN KEY(app_id) REFERENCES authorized_apps (id),
	CONSTRAINT fk_grants_service_account_id FOREIGN KEY(service_account_id) REFERENCES service_accounts (id),
	CONSTRAINT fk_grants_user_id FOREIGN KEY(user_id) REFERENCES users (id),
	CONSTRAINT uq_grants_refresh_digest UNIQUE (refresh_digest)
);
CREATE INDEX ix_grants_app_id ON grants (app_id);
CREATE INDEX ix_grants_ends_at ON grants (ends_at);
CREATE INDEX ix_grants_revoked_at ON grants (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX ix_grants_user_id_app_id ON grants (user_id, app_id) WHERE user_id IS NOT NULL;
CREATE TABLE rotated_refresh_tokens (
	digest TEXT NOT NULL,
	grant_id TEXT NOT NULL,
	rotated_at BIGINT NOT NULL,
	CONSTRAINT pk_rotated_refresh_tokens PRIMARY KEY (digest),
	CONSTRAINT fk_rotated_refresh_tokens_grant_id FOREIGN KEY(grant_id) REFERENCES grants (id) ON DELETE CASCADE
);
CREATE INDEX ix_rotated_refresh_tokens_grant_id ON rotated_refresh_tokens (grant_id);
CREATE INDEX ix_rotated_refresh_tokens_rotated_at ON rotated_refresh_tokens (rotated_at);
