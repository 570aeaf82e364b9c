"""Holds the resources on stdin against the schemas of Kubernetes and of the Prometheus operator.

Unknown fields are errors. Then it breaks some of them on purpose, each of which has to be found: a check that finds
nothing would look like one that finds nothing wrong. Folders of secrets that settings name have to be mounted. The data
of ConfigMaps is written below --settings, by name.
"""

import argparse
import copy
import pathlib
import re
import sys

import jsonschema
import kubernetes_validate
import yaml


def forbid_unknown(schema):
    """The same schema, in which a field that it does not name is an error, as the API server warns of it."""
    if isinstance(schema, list):
        return [forbid_unknown(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: forbid_unknown(value) for key, value in schema.items()}
    if isinstance(schema.get("pattern"), str):
        # Go's flags may stand anywhere, Python's at the beginning only.
        strict["pattern"] = schema["pattern"].replace("^(?i)", "(?i)^")
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        strict.setdefault("additionalProperties", False)
    return strict


def read_crds(folder):
    """(apiVersion, kind) -> schema"""
    schemas = {}
    for file in pathlib.Path(folder).glob("*.yaml"):
        spec = yaml.safe_load(file.read_text())["spec"]
        for version in spec["versions"]:
            schema = forbid_unknown(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            schemas[f"{spec['group']}/{version['name']}", spec["names"]["kind"]] = schema
    return schemas


def problem(resource, versions, crds):
    """What is wrong with it, or None."""
    schema = crds.get((resource["apiVersion"], resource["kind"]))
    try:
        if schema:
            jsonschema.validate(resource, schema)
        else:
            for version in versions:
                kubernetes_validate.validate(resource, version, strict=True)
    except jsonschema.ValidationError as error:
        return f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return str(error)
    return None


def container(deployment):
    return deployment["spec"]["template"]["spec"]["containers"][0]


# What one mistake of each kind looks like.
MISTAKES = {
    "Deployment": [
        lambda it: it["spec"].update(replica=2),
        lambda it: it["spec"].pop("selector"),
        lambda it: container(it)["securityContext"].update(readOnlyRootFileSystem=True),
        lambda it: container(it)["livenessProbe"]["httpGet"].pop("port"),
        lambda it: container(it)["resources"].update(limit={"memory": "1Gi"}),
    ],
    "HorizontalPodAutoscaler": [lambda it: it["spec"].update(maxReplicas="eight")],
    "NetworkPolicy": [lambda it: it["spec"].update(ingress={"ports": []})],
    "PodDisruptionBudget": [lambda it: it.update(apiVersion="policy/v1beta1")],
    "ServiceMonitor": [lambda it: it["spec"]["endpoints"][0].update(intervall="15s")],
    "PrometheusRule": [
        lambda it: it["spec"]["groups"][0]["rules"][0].pop("expr"),
        lambda it: it["spec"]["groups"][0]["rules"][0].update(severity="page"),
    ],
}


def overlooked(resource, versions, crds):
    """The mistakes that could be made in it and would not be found."""
    for number, mistake in enumerate(MISTAKES.get(resource["kind"], [])):
        broken = copy.deepcopy(resource)
        mistake(broken)
        if problem(broken, versions, crds) is None:
            yield f"mistake {number} of {resource['kind']} is not found"


def unmounted(resource, settings):
    """The folders of secrets that the settings of its containers name, and that are not mounted."""
    pod = resource.get("spec", {}).get("template", {}).get("spec", {})
    volumes = {volume["name"]: volume.get("configMap", {}).get("name") for volume in pod.get("volumes", [])}
    for one in pod.get("containers", []):
        mounts = one.get("volumeMounts", [])
        mounted = {mount["mountPath"] for mount in mounts}
        texts = [text for mount in mounts for text in settings.get(volumes[mount["name"]], {}).values()]
        named = {folder for text in texts for folder in re.findall('= *"(/run/secrets/[^"]+)/[^/"]+"', text)}
        yield from (f"container {one['name']}: {folder} is not mounted" for folder in sorted(named - mounted))


def write_settings(resource, folder):
    # Without the hash that kustomize appends.
    name = re.sub("-[a-z0-9]{10}$", "", resource["metadata"]["name"])
    target = pathlib.Path(folder, name)
    target.mkdir(parents=True)
    for file, text in resource["data"].items():
        (target / file).write_text(text)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--crds", required=True)
    arguments.add_argument("--settings", required=True)
    arguments.add_argument("versions", nargs="+")
    arguments = arguments.parse_args()
    crds = read_crds(arguments.crds)
    resources = list(yaml.safe_load_all(sys.stdin))
    settings = {one["metadata"]["name"]: one["data"] for one in resources if one["kind"] == "ConfigMap"}
    found = []
    for resource in resources:
        name = f"{resource['kind']} {resource['metadata']['name']}"
        wrong = problem(resource, arguments.versions, crds)
        found += [f"{name}: {wrong}"] if wrong else overlooked(resource, arguments.versions, crds)
        found += [f"{name}: {folder}" for folder in unmounted(resource, settings)]
        if resource["kind"] == "ConfigMap":
            write_settings(resource, arguments.settings)
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found or not resources else 0


if __name__ == "__main__":
    sys.exit(main())
