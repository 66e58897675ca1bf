"""Every fault that `stet audit` knows, made on purpose: see fault_server.py.

The groups are those of src/audit/finding.tbl. A fault changes as little as it can, so that nothing
else is found: what comes with it all the same is named in `also`.
"""
import faults_answers  # noqa: F401 pylint: disable=unused-import
import faults_conditions  # noqa: F401 pylint: disable=unused-import
import faults_fields  # noqa: F401 pylint: disable=unused-import
