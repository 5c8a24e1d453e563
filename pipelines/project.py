"""Where the project keeps what is not data: the tracking store and the orchestration server's home.

DVC runs experiments in temporary copies of the project and names the real one in DVC_ROOT, so that runs of every
copy land in the same stores.
"""

import os
from pathlib import Path

ROOT = Path(os.environ.get("DVC_ROOT") or Path(__file__).resolve().parents[1])
MLFLOW_HOME = ROOT / ".mlflow"
PREFECT_HOME = ROOT / ".prefect"
