"""Kinds of instrument with real models; values are ranges in 10,000 yuan, invented."""

from dataclasses import dataclass

from labshare.kernel.time import Minutes

Bilingual = tuple[str, str]


@dataclass(frozen=True)
class Model:
    maker: str
    model: str
    nation: str
    value: tuple[int, int]


@dataclass(frozen=True)
class Kind:
    key: str
    name: Bilingual
    class_code: str
    models: tuple[Model, ...]
    technical: str = ""
    function: str = ""
    units: tuple[int, int] = (1, 1)
    special: bool = False
    calibrated: bool = True
    longest_minutes: Minutes | None = None


def _kind(key: str, zh: str, en: str, code: str, models: tuple[tuple[str, str, str, int, int], ...], technical: str,
          function: str, **more: object) -> Kind:  # fmt: skip
    made = tuple(Model(maker, model, nation, (low, high)) for maker, model, nation, low, high in models)
    return Kind(key, (zh, en), code, made, technical, function, **more)  # type: ignore[arg-type]


KINDS = (
    _kind("sem", "场发射扫描电子显微镜", "Scanning electron microscope", "010102",
          (("ZEISS", "Sigma 300", "DE", 200, 300), ("Hitachi", "SU3500", "JP", 100, 160)),
          "分辨率 1.2 nm（15 kV），附能谱", "断口、镀层与夹杂物形貌和成分"),
    _kind("xrd", "X 射线衍射仪", "X-ray diffractometer", "010301", (("Bruker", "D8 Advance", "DE", 120, 220),),
          "Cu 靶，测角精度 ±0.01°", "物相、残余奥氏体、残余应力"),
    _kind("oes", "直读光谱仪", "Spark emission spectrometer", "010401",
          (("Thermo", "ARL iSpark 8860", "CH", 70, 120), ("SPECTRO", "SPECTROMAXx", "DE", 40, 65)),
          "Fe、Al、Cu 基体，30 余元素", "金属材料化学成分"),
    _kind("cs", "碳硫分析仪", "Carbon and sulphur analyser", "010499", (("LECO", "CS844", "US", 45, 70),),
          "碳 0.6 µg–6 mg", "钢铁碳硫"),
    _kind("onh", "氧氮氢分析仪", "Oxygen, nitrogen, hydrogen analyser", "010499", (("LECO", "ONH836", "US", 70, 110),),
          "氧 0.05 µg–5 mg", "钢中气体"),
    _kind("hplc", "高效液相色谱仪", "High-performance liquid chromatograph", "010501",
          (("Agilent", "1260 Infinity II", "DE", 30, 50),), "四元泵，DAD 检测器", "含量与有关物质"),
    _kind("uplc", "超高效液相色谱仪", "Ultra-performance liquid chromatograph", "010501",
          (("Waters", "ACQUITY H-Class", "US", 60, 90),), "耐压 15,000 psi", "快速分离与含量"),
    _kind("lcms", "液相色谱三重四极杆质谱联用仪", "LC triple quadrupole mass spectrometer", "010201",
          (("Agilent", "6470 LC-QQQ", "SG", 220, 320),), "质量范围 5–3000 m/z", "痕量定量"),
    _kind("gc", "顶空气相色谱仪", "Gas chromatograph with headspace", "010502", (("Agilent", "8890 GC", "CN", 30, 45),),
          "FID 双检测器，顶空进样", "残留溶剂、维生素"),
    _kind("gcms", "气相色谱质谱联用仪", "Gas chromatograph mass spectrometer", "010202",
          (("Agilent", "5977 GC-MS", "US", 55, 85),), "质量范围 1.6–1050 u", "有机物定性"),
    _kind("icp_ms", "电感耦合等离子体质谱仪", "ICP mass spectrometer", "010203", (("Agilent", "7850 ICP-MS", "JP", 110, 160),),
          "检出限 ppt 级", "元素杂质"),
    _kind("icp_oes", "电感耦合等离子体发射光谱仪", "ICP emission spectrometer", "010402",
          (("PerkinElmer", "Avio 200", "US", 55, 85),), "165–900 nm", "多元素定量"),
    _kind("nmr", "核磁共振波谱仪", "NMR spectrometer", "010601", (("Bruker", "AVANCE NEO 400", "DE", 250, 350),),
          "400 MHz，5 mm 探头", "结构确证", calibrated=False),
    _kind("laser", "激光粒度仪", "Laser particle sizer", "020501", (("Malvern", "Mastersizer 3000", "GB", 45, 65),),
          "0.01–3500 µm", "粒度分布"),
    _kind("dsc", "差示扫描量热仪", "Differential scanning calorimeter", "010901", (("Mettler Toledo", "DSC 3", "CH", 30, 50),),
          "−65–500 °C", "熔融、结晶、玻璃化"),
    _kind("kf", "卡尔·费休水分仪", "Karl Fischer titrator", "010799", (("Mettler Toledo", "V30S", "CH", 6, 10),),
          "100 ppm–100 %", "水分"),
    _kind("ftir", "傅里叶红外光谱仪", "FTIR spectrometer", "010403", (("Thermo", "Nicolet iS20", "US", 20, 35),),
          "7800–350 cm⁻¹，附 ATR", "有机物鉴别"),
    _kind("dissolution", "溶出度仪", "Dissolution tester", "010999", (("Sotax", "AT Xtend", "CH", 25, 40),),
          "7 杯位，自动取样", "溶出曲线"),
    _kind("cmm", "三坐标测量机", "Coordinate measuring machine", "030101",
          (("Hexagon", "Global S 07.10.07", "CN", 60, 110), ("ZEISS", "PRISMO 7", "DE", 180, 280)),
          "MPE 1.5 + L/333 µm", "尺寸与几何公差"),
    _kind("roundness", "圆度仪", "Roundness tester", "030102", (("Taylor Hobson", "Talyrond 565", "GB", 90, 150),),
          "主轴误差 ±0.015 µm", "圆度、波纹度、圆柱度"),
    _kind("profilometer", "轮廓仪", "Profilometer", "030103", (("Taylor Hobson", "Form Talysurf PGI", "GB", 80, 130),),
          "分辨率 0.8 nm", "粗糙度与轮廓"),
    _kind("utm", "万能试验机", "Universal testing machine", "020101", (("ZwickRoell", "Z100", "DE", 60, 100),),
          "100 kN，0.5 级", "拉伸、压缩、弯曲"),
    _kind("fatigue", "疲劳试验机", "Fatigue testing machine", "020102", (("MTS", "Landmark 100 kN", "US", 120, 200),),
          "±100 kN，100 Hz", "轴向疲劳", longest_minutes=9000),
    _kind("hardness", "洛氏硬度计", "Rockwell hardness tester", "020103", (("Wilson", "Rockwell 574", "US", 6, 12),),
          "HRA、HRB、HRC", "硬度"),
    _kind("microhardness", "显微硬度计", "Microhardness tester", "020103", (("Wilson", "Tukon 1202", "US", 12, 25),),
          "HV0.01–HV50", "硬化层、渗层"),
    _kind("microscope", "金相显微镜", "Metallurgical microscope", "010801", (("ZEISS", "Axio Observer 7", "DE", 25, 45),),
          "50–1000 倍，图像分析", "组织、夹杂物、晶粒度"),
    _kind("life_rig", "轴承寿命试验机", "Bearing life tester", "020199", (("HBTRC", "ABLT-1A", "CN", 25, 45),),
          "径向 25 kN，10000 r/min", "轴承寿命与可靠性", units=(2, 4), special=True, calibrated=False),
    _kind("vibrometer", "轴承振动测量仪", "Bearing vibrometer", "020401", (("HBTRC", "S092", "CN", 8, 15),),
          "50–10000 Hz 三频段", "轴承振动速度", special=True),
    _kind("comparator", "轴承旋转精度检查仪", "Bearing accuracy comparator", "030104",
          (("ZYS", "B203", "CN", 5, 9),), "0.5 µm", "尺寸及旋转精度", special=True),
    _kind("clearance", "径向游隙测量仪", "Radial clearance gauge", "030104", (("ZYS", "X095", "CN", 4, 8),),
          "0.5 µm", "径向游隙", special=True),
    _kind("gauss", "残磁测量仪", "Gaussmeter", "030401", (("LakeShore", "475 DSP", "US", 6, 10),), "0.01 mT", "残磁"),
    _kind("bending_rig", "车轮弯曲疲劳试验机", "Wheel bending fatigue rig", "020102", (("MAKRA", "CFT-4", "DE", 90, 150),),
          "最大弯矩 8 kN·m", "弯曲疲劳", units=(1, 2), special=True),
    _kind("drum_rig", "车轮径向疲劳试验机", "Wheel radial fatigue rig", "020102", (("MAKRA", "RFT-2", "DE", 120, 200),),
          "转鼓 1707 mm", "径向疲劳", units=(1, 2), special=True),
    _kind("drop_rig", "车轮冲击试验机", "Wheel drop impact rig", "020104", (("MAKRA", "IMP-13/90", "DE", 60, 95),),
          "落锤 1000 kg", "13° 与 90° 冲击", special=True),
    _kind("biaxial_rig", "车轮双轴疲劳试验机", "Biaxial wheel rig", "020102", (("MTS", "Model 329-BX", "US", 650, 900),),
          "径向 40 kN，侧向 30 kN", "双轴疲劳", special=True),
    _kind("runout", "车轮跳动检测台", "Wheel run-out bench", "030102", (("Hofmann", "geodyna WT", "DE", 20, 35),),
          "0.01 mm", "径向与端面跳动", special=True),
    _kind("salt", "盐雾试验箱", "Salt spray chamber", "011101",
          (("Q-Lab", "Q-FOG CCT1100", "US", 25, 40), ("Q-Lab", "Q-FOG CCT600", "US", 18, 28), ("Q-Lab", "Q-FOG SSP600", "US", 12, 20)),
          "640–1103 L，NSS、CASS、循环", "耐腐蚀", units=(2, 4)),
    _kind("shock", "冷热冲击试验箱", "Thermal shock chamber", "011102", (("ESPEC", "TSA-103", "JP", 35, 55),),
          "−65–200 °C", "温度变化", units=(1, 2)),
    _kind("climate", "步入式气候箱", "Climate chamber", "011102", (("Weiss", "WK3-1000", "DE", 40, 70),),
          "−70–180 °C，10–98 %RH", "气候负荷", units=(1, 2)),
    _kind("shaker", "电动振动台", "Electrodynamic shaker", "020402", (("Dongling", "50 kN ES-50", "CN", 60, 100),),
          "50 kN，5–2700 Hz", "机械负荷"),
    _kind("supply", "可编程电源", "Programmable supply", "080101", (("Keysight", "N8900", "US", 15, 30),),
          "±60 V，瞬态 10 µs", "电气负荷"),
    _kind("valve_bench", "膨胀阀流量泄漏试验台", "Expansion valve flow and leak bench", "020199",
          (("", "EXV-3", "CN", 40, 70),), "流量 ±1 %，泄漏 0.1 mL/min", "电子膨胀阀", special=True),
    _kind("refrigerant_bench", "制冷剂循环试验台", "Refrigerant bench", "020199", (("", "FWV-10", "CN", 60, 100),),
          "R410A、R32，10 kW", "四通阀性能", special=True),
    _kind("helium", "氦质谱检漏仪", "Helium leak detector", "010299", (("INFICON", "UL1000", "DE", 15, 30),),
          "5×10⁻¹² mbar·L/s", "氦检漏"),
    _kind("wash", "清洁度清洗与分析系统", "Cleanliness cabinet and microscope", "020501", (("Hydac", "CTM-SC", "DE", 35, 60),),
          "颗粒 ≥ 5 µm", "零部件清洁度"),
    _kind("sound", "声级与振动分析系统", "Sound level analyser", "020403", (("Brüel & Kjær", "2270", "DK", 12, 25),),
          "16 通道", "噪声"),
    _kind("balancer", "动平衡机", "Balancing machine", "020402", (("Schenck", "Pasio 15", "DE", 40, 70),),
          "15 kg，0.5 g·mm", "转子平衡"),
)  # fmt: skip
KIND = {kind.key: kind for kind in KINDS}
