from __future__ import annotations

import pytest

from qauvern.cloud import BadEnvironment, Endpoints


class TestEndpoints:
    def test_production(self) -> None:
        endpoints = Endpoints.from_environment({})
        assert endpoints.family == "production"
        assert endpoints.iam == "https://iam.cloud.ibm.com"
        assert endpoints.resource_controller == "https://resource-controller.cloud.ibm.com"
        assert endpoints.quantum_base("us-east") == "https://quantum.cloud.ibm.com/api"
        assert endpoints.quantum_base("eu-de") == "https://eu-de.quantum.cloud.ibm.com/api"

    def test_staging(self) -> None:
        endpoints = Endpoints.from_environment({}, staging=True)
        assert endpoints.family == "staging"
        assert endpoints.iam == "https://iam.test.cloud.ibm.com"
        assert endpoints.quantum_base("us-east") == "https://quantum.test.cloud.ibm.com/api"
        assert endpoints.quantum_base("eu-de") == "https://eu-de.quantum.test.cloud.ibm.com/api"

    def test_overrides_lose_their_trailing_slash_and_take_the_region(self) -> None:
        endpoints = Endpoints.from_environment(
            {
                "IBMCLOUD_IAM_API_ENDPOINT": "http://127.0.0.1:8080/iam/",
                "IBMCLOUD_RESOURCE_CONTROLLER_API_ENDPOINT": "http://localhost:8080/rc//",
                "IBMCLOUD_QUANTUM_API_ENDPOINT": "http://[::1]:8080/quantum/{region}/api/",
            }
        )
        assert endpoints.family == "custom"
        assert endpoints.iam == "http://127.0.0.1:8080/iam"
        assert endpoints.resource_controller == "http://localhost:8080/rc"
        assert endpoints.quantum_base("us-east") == "http://[::1]:8080/quantum/us-east/api"
        assert endpoints.quantum_base("au-syd") == "http://[::1]:8080/quantum/au-syd/api"

    def test_one_base_for_all_regions(self) -> None:
        endpoints = Endpoints.from_environment({"IBMCLOUD_QUANTUM_API_ENDPOINT": "https://q.example/api"})
        assert endpoints.quantum_base("us-east") == endpoints.quantum_base("au-syd") == "https://q.example/api"

    def test_an_override_that_says_the_default_is_still_production(self) -> None:
        environ = {"IBMCLOUD_IAM_API_ENDPOINT": "https://iam.cloud.ibm.com/", "IBMCLOUD_QUANTUM_API_ENDPOINT": ""}
        assert Endpoints.from_environment(environ).family == "production"

    @pytest.mark.parametrize(
        ("url", "says"),
        [
            ("http://iam.example", "in clear"),
            ("http://127.0.0.1.example", "in clear"),
            ("ftp://127.0.0.1", "http or https"),
            ("iam.example", "http or https"),
            ("https://", "http or https"),
            ("https://user:hunter2@iam.example", "user name or password"),
            ("https://iam.example/?a=b", "query"),
            ("https://iam.example/{region}", "placeholder"),
            ("https://iam.example/a b", "blanks"),
            ("https://iam..example", "http or https"),
            ("https://iam.example:x", "not a URL"),
            ("https://[::1", "not a URL"),
        ],
    )
    def test_a_bad_override_is_refused_by_name_without_its_password(self, url: str, says: str) -> None:
        with pytest.raises(BadEnvironment, match=says) as caught:
            Endpoints.from_environment({"IBMCLOUD_IAM_API_ENDPOINT": url})
        assert "IBMCLOUD_IAM_API_ENDPOINT" in str(caught.value)
        assert "hunter2" not in str(caught.value)

    def test_a_region_is_sure_to_exist_where_it_is_known_or_shares_the_base(self) -> None:
        assert Endpoints.from_environment({}).is_known_region("eu-de")
        assert not Endpoints.from_environment({}).is_known_region("mars-1")
        everywhere = {"IBMCLOUD_QUANTUM_API_ENDPOINT": "https://q.example/api"}
        assert Endpoints.from_environment(everywhere).is_known_region("mars-1")
