#!/bin/sh
# A sandbox seen from another language: a login, an item in IDM, an ordered fault, the calls.
# Needs curl and a running sandbox:   ionport --data .sandbox sandbox up
set -eu
data=${1:-.sandbox}

# Values of the two files that the sandbox leaves; any language has a JSON reader of its own.
value() { sed -n "s/.*\"$2\": *\"\([^\"]*\)\".*/\1/p" "$data/$1"; }
credential() { value sandbox.ionapi "$1"; }
gateway=$(credential iu)/$(credential ti)
control=$(value sandbox-access.json url)/_control/$(value sandbox-access.json tenant)
key="Authorization: Bearer $(value sandbox-access.json key)"

# 1. A token for the service account.
token=$(curl -sS --fail -u "$(credential ci):$(credential cs)" \
  --data-urlencode grant_type=password \
  --data-urlencode "username=$(credential saak)" \
  --data-urlencode "password=$(credential sask)" \
  "$(credential pu)$(credential ot)" | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
call() { curl -sS -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $token" "$@"; }

# 2. An empty tenant, then an item in IDM.
curl -sS --fail -o /dev/null -X POST -H "$key" "$control/reset"
item='{"item": {"entityName": "M3_SupplierInvoice",
  "attrs": {"attr": [{"name": "BOD_SupplierInvoiceID", "value": "471102"}]}}}'
json='Content-Type: application/json'
echo "create item: $(call -H "$json" -d "$item" "$gateway/IDM/api/items")"

# 3. The next call to IDM fails, the one after it does not.
fault='{"kind": "status", "service": "IDM", "status": 503, "trigger": "next", "figure": 1}'
curl -sS --fail -o /dev/null -H "$key" -d "$fault" "$control/faults"
echo "with the fault: $(call "$gateway/IDM/api/datamodel/entities")"
echo "after it: $(call "$gateway/IDM/api/datamodel/entities")"

# 4. All access tokens are expired now.
curl -sS --fail -o /dev/null -X POST -H "$key" "$control/clock/expire-tokens"
echo "expired: $(call "$gateway/IDM/api/datamodel/entities")"

# 5. What came: oldest first, the refused call too.
curl -sS --fail -H "$key" "$control/calls?order=oldest" | tr ',' '\n' | grep '"operation"'
